// Package functions runs the Lambda functions as AWS does, behind a Runtime API, against real services (SPEC 1). The tests have
// the build tag integration.
package functions
