import type { Check, ContainerMigration, SourceStatus, TargetStatus } from '../../api/types';
import { blocking } from '../node-checks';
import type { AgentDeps } from '../ports';

/** Whoever wants the image pulled waits for the registry; whoever does not care, not long. */
const PULL_ASK_MS = 15_000;
const CHEAP_ASK_MS = 5_000;

/** How the image comes here, and what is to be said about that. */
export interface ImagePlan {
  readonly image?: NonNullable<TargetStatus['image']>;
  readonly checks: readonly Check[];
}

/**
 * Looks whether the container's very same image is here, and else how it can come. Changes nothing: what is decided here
 * is done before the container is created, and tells the source whether it has to put the image on the volume.
 */
export async function planImage({ spec, status }: ContainerMigration, deps: AgentDeps): Promise<ImagePlan> {
  const { source } = status;
  const { imageID, imageName = imageID, imageDigests = [] } = source ?? {};
  if (source === undefined || imageID === undefined) return { checks: [] };
  if ((await deps.engine.findImage(imageID)) !== undefined) return { image: 'Present', checks: [] };
  const lacks = `${deps.node.name} has no image ${String(imageName)} (${imageID})`;
  const carried = (how: string): Check[] => [{ reason: 'ImageCarried', message: `${lacks}; ${how}`, blocking: false }];
  switch (spec.image) {
    case 'Require':
      return { checks: [await missing(lacks, source, deps)] };
    case 'Pull': {
      if (imageDigests.length === 0) {
        const why = 'no registry is known to have it: Docker remembers no digest of it on the source';
        return { checks: [blocking('ImageNotPullable', `${lacks}, and ${why}; ${OTHERWISE}`)] };
      }
      const { offered, error } = await offer(imageDigests, PULL_ASK_MS, deps);
      // A failure that may pass makes the whole look fail, and be tried again.
      if (offered === undefined) throw error;
      return { image: 'Pull', checks: carried(`it pulls ${offered} before the freeze`) };
    }
    case 'Transfer': {
      const { offered } = await offer(imageDigests.slice(0, 1), CHEAP_ASK_MS, deps);
      return offered === undefined
        ? { image: 'Transfer', checks: carried('it is carried over the shared volume before the freeze') }
        : { image: 'Pull', checks: carried(`it pulls ${offered} before the freeze`) };
    }
  }
}

const OTHERWISE = 'set spec.image to Transfer, which carries it over the shared volume, or bring it there by hand';

/** The first name by digest that its registry says it has, or why the last one has not. */
async function offer(
  digests: readonly string[],
  timeoutMs: number,
  { images }: AgentDeps,
): Promise<{ readonly offered?: string; readonly error?: unknown }> {
  let error: unknown;
  for (const digest of digests) {
    try {
      await images.ask(digest, { timeoutMs });
      return { offered: digest };
    } catch (refused) {
      error = refused;
    }
  }
  return { error };
}

async function missing(lacks: string, source: SourceStatus, { engine, node }: AgentDeps): Promise<Check> {
  const { imageName = '', imageID = '', nodeName } = source;
  const sameName = await engine.findImage(imageName);
  const have =
    sameName === undefined
      ? lacks
      : `${node.name} has another image by the name of ${imageName}: ${sameName.id} instead of ${imageID}`;
  return blocking(
    'ImageMissing',
    `${have}; set spec.image to Transfer, or bring the very same image there, for instance with ` +
      `\`docker save ${imageName} | ssh ${node.name} docker load\` on ${nodeName}`,
  );
}
