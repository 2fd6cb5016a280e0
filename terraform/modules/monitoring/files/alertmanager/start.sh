#!/bin/sh
# Starts Alertmanager in its container: it reads secrets from files alone, ECS gives them as variables.
set -eu
umask 077
printf %s "$SLACK_URL" >/tmp/slack_url
printf %s "$PAGERDUTY_KEY" >/tmp/pagerduty_key
unset SLACK_URL PAGERDUTY_KEY
exec alertmanager --config.file=/etc/alertmanager/alertmanager.yml --storage.path=/alertmanager --cluster.listen-address= "$@"
