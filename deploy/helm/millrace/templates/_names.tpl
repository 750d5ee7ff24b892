{{- define "millrace.name" -}}
{{- if contains "millrace" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-millrace" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "millrace.selector" -}}
app.kubernetes.io/name: millrace
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
{{- end }}

{{- define "millrace.secret" -}}
{{- if .Values.secrets.existing }}{{ .Values.secrets.existing }}{{ else if .Values.secrets.values }}{{ include "millrace.name" . }}{{ end }}
{{- end }}

{{- /* Settings that are nowhere but in the file or in the Secret say whether it is on Kafka. */ -}}
{{- define "millrace.onKafka" -}}
{{- if or (hasKey .Values.config "brokers") (hasKey .Values.secrets.settings "brokers") }}yes{{ end }}
{{- end }}

{{- define "millrace.config" -}}
{{- toYaml .Values.config }}
{{- end }}
