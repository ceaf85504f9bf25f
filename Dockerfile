# One image for controller and agents.
#
#   docker build --build-arg BASE=<a Debian with Node.js 24 or newer and npm> --tag transship:0.1.0 .
#
# The agent runs the node's own criu, runc and tar through nsenter, which every Debian has.
ARG BASE
FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm install --no-save --no-fund --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM ${BASE}
RUN for program in node nsenter; do command -v "$program" || { echo "BASE lacks $program" >&2; exit 1; }; done
WORKDIR /opt/transship
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY oci/transship-runc oci/transship-network oci/transship-pages oci/
# The controller. The agents' pods ask for root, which they need.
USER 65532:65532
ENV NODE_ENV=production
# A small young generation: without the flag it takes 100 MiB more a process, for nothing (docs/soak.md).
ENTRYPOINT ["node", "--max-semi-space-size=4", "--enable-source-maps"]
CMD ["dist/controller/main.js"]
