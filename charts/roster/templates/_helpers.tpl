{{/* The ConfigMap that holds the patch of the role catalogue; nothing where nothing is patched. */}}
{{- define "roster.roleCatalogue" -}}
{{- with .Values.roleCatalogue -}}
{{- if .existingConfigMap }}{{ .existingConfigMap }}{{ else if .patch }}{{ include "roster.fullname" $ }}-roles{{ end }}
{{- end }}
{{- end }}

{{/* The name that stands in labels. */}}
{{- define "roster.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What every name begins with; short enough for the longest ending. */}}
{{- define "roster.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- end }}

{{- define "roster.selectorLabels" -}}
app.kubernetes.io/name: {{ include "roster.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "roster.labels" -}}
{{ include "roster.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "roster.serviceAccountName" -}}
{{- $made := ternary (include "roster.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{/* The operator's name to the API server. */}}
{{- define "roster.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "roster.serviceAccountName" . }}
{{- end }}

{{- define "roster.credentialsNamespace" -}}
{{- default .Release.Namespace .Values.credentialsNamespace }}
{{- end }}

{{- define "roster.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "roster.simulator" -}}
{{ include "roster.fullname" . }}-simulator
{{- end }}

{{- define "roster.simulatorHost" -}}
{{ include "roster.simulator" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "roster.simulatorSecret" -}}
{{- default (printf "%s-key" (include "roster.simulator" .)) .Values.simulator.existingSecret }}
{{- end }}

{{/*
One of the files that the sandbox and the tests run the operator with, under this release's names: `root`, `file`, and the
`namespace` of what has one.
*/}}
{{- define "roster.rights" -}}
{{- $root := .root }}
{{- $namespace := .namespace }}
{{- $fullname := include "roster.fullname" $root }}
{{- $text := required (printf "the chart lacks `%s`" .file) ($root.Files.Get .file) }}
{{- range $document := splitList "\n---\n" $text }}
{{- $object := fromYaml $document }}
{{- $metadata := dict "name" (regexReplaceAll "^roster" $object.metadata.name $fullname) "labels" (include "roster.labels" $root | fromYaml) }}
{{- if hasKey $object.metadata "namespace" }}
{{- $_ := set $metadata "namespace" $namespace }}
{{- end }}
{{- $_ := set $object "metadata" $metadata }}
{{- if hasKey $object "roleRef" }}
{{- $_ := set $object.roleRef "name" (regexReplaceAll "^roster" $object.roleRef.name $fullname) }}
{{- $subject := dict "kind" "ServiceAccount" "name" (include "roster.serviceAccountName" $root) "namespace" $root.Release.Namespace }}
{{- $_ := set $object "subjects" (list $subject) }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}

{{/* The plurals of our kinds as JSON, from the definitions themselves: `scope` is `Namespaced`, or empty for all. */}}
{{- define "roster.plurals" -}}
{{- $scope := .scope }}
{{- $plurals := list }}
{{- range $path, $_ := .root.Files.Glob "files/crds/*.yaml" }}
{{- $crd := $.root.Files.Get $path | fromYaml }}
{{- if or (not $scope) (eq $scope $crd.spec.scope) }}
{{- $plurals = append $plurals $crd.spec.names.plural }}
{{- end }}
{{- end }}
{{- toJson $plurals }}
{{- end }}

{{/* The annotations that say what only somebody in particular may say; each is also the verb that it takes. */}}
{{- define "roster.annotations" -}}
["acknowledge", "confirm-removal", "release", "suppress"]
{{- end }}
