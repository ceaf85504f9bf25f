{{/* Prefix of every name: the release's name, and "transship" unless it says so itself. */}}
{{- define "transship.fullname" -}}
{{- $name := .Release.Name }}
{{- if not (contains "transship" $name) }}{{ $name = printf "%s-transship" $name }}{{ end }}
{{- $name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* What identifies the pods of a component. Arguments: root, component. */}}
{{- define "transship.selectorLabels" -}}
app.kubernetes.io/name: transship
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "transship.commonLabels" -}}
app.kubernetes.io/name: transship
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: transship
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Arguments: root, component. */}}
{{- define "transship.labels" -}}
{{ include "transship.commonLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "transship.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Environment of both programs. Arguments: root, healthPort. */}}
{{- define "transship.environment" -}}
- name: TRANSSHIP_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: TRANSSHIP_HEALTH_PORT
  value: {{ .healthPort | quote }}
- name: TRANSSHIP_LOG_LEVEL
  value: {{ .root.Values.logLevel }}
{{- end }}

{{- define "transship.probes" -}}
livenessProbe:
  httpGet: { path: /healthz, port: health }
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{/* Takes the CEL rules out of a schema, in place; prints nothing. */}}
{{- define "transship.withoutCel" -}}
{{- if kindIs "map" . }}
{{- $_ := unset . "x-kubernetes-validations" }}
{{- range . }}{{ include "transship.withoutCel" . }}{{ end }}
{{- else if kindIs "slice" . }}
{{- range . }}{{ include "transship.withoutCel" . }}{{ end }}
{{- end }}
{{- end }}
