// Package secret reads settings that are kept in AWS Secrets Manager (SPEC 1).
package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

const (
	prefix   = "arn:"
	service  = "secretsmanager"
	limit    = 15 * time.Second // for all settings together
	attempts = 3                // of each request, with growing pauses in between
)

// Resolve reads the named settings whose value is the ARN of a secret, and returns getenv with the secrets in their place. An
// ARN may end in "#" and a key: then the secret is a JSON object, and the value is that key's text. Where the secrets are is
// what the ARNs say; who asks is what the environment says, as for every program of AWS. Without such a setting nothing is
// asked. The error names every setting that could not be read, and shows no value.
func Resolve(ctx context.Context, getenv func(string) string, names []string) (func(string) string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := reader{texts: map[string]string{}}
	found := map[string]string{}
	var wrong []error
	for _, name := range names {
		value := strings.TrimSpace(getenv(name))
		if !isSecret(value) {
			continue
		}
		text, err := r.read(ctx, value)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s is a secret that %w", name, err))
		}
		found[name] = text
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return func(name string) string {
		if text, ok := found[name]; ok {
			return text
		}
		return getenv(name)
	}, nil
}

func isSecret(value string) bool {
	parts := strings.SplitN(value, ":", 4)
	return strings.HasPrefix(value, prefix) && len(parts) == 4 && parts[2] == service
}

// reader reads each secret once.
type reader struct {
	loaded bool
	config aws.Config
	texts  map[string]string // by ARN
}

func (r *reader) read(ctx context.Context, value string) (string, error) {
	id, key, keyed := strings.Cut(value, "#")
	text, known := r.texts[id]
	if !known {
		var err error
		if text, err = r.fetch(ctx, id); err != nil {
			return "", err
		}
		r.texts[id] = text
	}
	if !keyed {
		return text, nil
	}
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", errors.New("is no JSON object") // what err says shows some of it
	}
	field, ok := fields[key].(string)
	if !ok {
		return "", errors.New("has no text under its key")
	}
	return field, nil
}

func (r *reader) fetch(ctx context.Context, id string) (string, error) {
	name, err := arn.Parse(id)
	if err != nil || name.Region == "" {
		return "", errors.New("has no complete ARN")
	}
	if !r.loaded {
		if r.config, err = config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
			return retry.AddWithMaxAttempts(retry.NewStandard(), attempts)
		})); err != nil {
			return "", errors.New("needs settings of AWS that cannot be read")
		}
		r.loaded = true
	}
	client := secretsmanager.NewFromConfig(r.config, func(o *secretsmanager.Options) { o.Region = name.Region })
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return "", reason(ctx, err)
	}
	if out.SecretString == nil {
		return "", errors.New("is binary")
	}
	return *out.SecretString, nil
}

// reason tells why a secret could not be read by the name of the error alone: its text shows the ARN, which is the value of
// the setting.
func reason(ctx context.Context, err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("cannot be read: %s", e.ErrorCode())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("cannot be read: %w", context.Cause(ctx))
	}
	return errors.New("cannot be read: AWS cannot be reached or there are no credentials")
}
