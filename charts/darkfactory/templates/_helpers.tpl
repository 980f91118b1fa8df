{{- define "darkfactory.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "darkfactory.fullname" -}}
{{- $name := include "darkfactory.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Cluster-wide objects of two releases in two namespaces must not meet. */}}
{{- define "darkfactory.clusterName" -}}
{{- $fullname := include "darkfactory.fullname" . }}
{{- if hasPrefix $fullname .Release.Namespace }}{{ $fullname }}{{ else }}{{ printf "%s-%s" .Release.Namespace $fullname }}{{ end }}
{{- end }}

{{- define "darkfactory.selectorLabels" -}}
app.kubernetes.io/name: {{ include "darkfactory.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "darkfactory.labels" -}}
{{ include "darkfactory.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: darkfactory
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* name, namespace, labels and annotations; takes {root, name?, annotations?, labels?, cluster?}. */}}
{{- define "darkfactory.metadata" -}}
{{- $root := .root }}
{{- $annotations := merge (dict) (default dict .annotations) $root.Values.commonAnnotations -}}
name: {{ default (include "darkfactory.fullname" $root) .name }}
{{- if not .cluster }}
namespace: {{ default $root.Release.Namespace .namespace }}
{{- end }}
labels:
  {{- include "darkfactory.labels" $root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "darkfactory.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "darkfactory.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "darkfactory.image" -}}
{{- with .Values.image }}
{{- $name := .repository }}
{{- with .registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- if .digest }}{{ printf "%s@%s" $name .digest }}{{ else }}{{ printf "%s:%s" $name (default $.Chart.AppVersion .tag) }}{{ end }}
{{- end }}
{{- end }}

{{- define "darkfactory.crdAnnotations" -}}
{{- if .Values.crds.keep }}
helm.sh/resource-policy: keep
{{- end }}
{{- with merge (dict) .Values.crds.annotations .Values.commonAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What cannot be said in the schema. */}}
{{- define "darkfactory.check" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) }}
{{- fail "replicaCount: more than one replica needs leaderElection.enabled=true: two operators must never act at once" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.create) }}
{{- fail "metrics.serviceMonitor.enabled needs metrics.service.create=true; without a Service use metrics.podMonitor" }}
{{- end }}
{{- if .Values.refuseOverlap }}
{{- range (lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "").items }}
{{- if eq (include "darkfactory.isAnother" (dict "root" $ "role" . "scope" "cluster")) "true" }}
{{- fail (printf "darkfactory watches all namespaces of this cluster already: %s. Upgrade that one, or set watchNamespaces in both" (include "darkfactory.installedBy" .)) }}
{{- end }}
{{- end }}
{{- range $namespace := default (list "") .Values.watchNamespaces }}
{{- range (lookup "rbac.authorization.k8s.io/v1" "Role" $namespace "").items }}
{{- if eq (include "darkfactory.isAnother" (dict "root" $ "role" . "scope" "namespace")) "true" }}
{{- fail (printf "darkfactory watches namespace %s already: %s. One operator watches a namespace: leave it out of watchNamespaces in one of the two" .metadata.namespace (include "darkfactory.installedBy" .)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* "true" for a role of that scope that is not this release's; takes {root, role, scope}. */}}
{{- define "darkfactory.isAnother" -}}
{{- $labels := default dict .role.metadata.labels }}
{{- $owner := default dict .role.metadata.annotations }}
{{- and (eq (default "" (get $labels "darkfactory.dev/scope")) .scope) (or (ne (default "" (get $owner "meta.helm.sh/release-name")) .root.Release.Name) (ne (default "" (get $owner "meta.helm.sh/release-namespace")) .root.Release.Namespace)) }}
{{- end }}

{{/* Who installed a role, for people. */}}
{{- define "darkfactory.installedBy" -}}
{{- $owner := default dict .metadata.annotations }}
{{- with get $owner "meta.helm.sh/release-name" }}release {{ . }} in namespace {{ get $owner "meta.helm.sh/release-namespace" }}{{ else }}by other means than Helm, see role {{ .metadata.name }}{{ end }}
{{- end }}
