package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	introduction = `# Costs

What each environment of ` + "`terraform/`" + ` costs in a month, in %s, in %s. ` + "`scripts/costs`" + ` writes this page from what Terraform makes and
from ` + "`scripts/costs/prices.json`" + `; a test compares it.

The prices are those of public lists of about %s, copied by hand and not checked against AWS since. They are good for seeing what
is large and what a change costs; before they are relied on, they are to be compared with AWS's own calculator. Not in them: the
free tier, savings plans, support, taxes, traffic to the internet but through CloudFront.

`
	ending = `
A deployment runs both colours while it lasts, and the old one on standby after it: for that time the gateways cost twice. The second
region's copies of backups are in the gigabytes of S3.
`
)

// write prints the page.
func (p prices) write(out io.Writer, all []estimate) error {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, p.Currency, p.Region, p.AsOf)
	head, line := "| |", "|---|"
	for _, e := range all {
		head, line = head+" "+e.environment+" |", line+"---:|"
	}
	b.WriteString(head + "\n" + line + "\n")
	sums := make([]float64, len(all))
	for _, group := range shown {
		b.WriteString("| " + group + " |")
		for i, e := range all {
			fmt.Fprintf(&b, " %.0f |", e.by[group])
			sums[i] += e.by[group]
		}
		b.WriteString("\n")
	}
	b.WriteString("| **all** |")
	for _, sum := range sums {
		fmt.Fprintf(&b, " **%.0f** |", sum)
	}
	b.WriteString("\n\nWhat nobody can read in a plan is assumed:\n\n" + head + "\n" + line + "\n")
	for _, a := range []struct {
		what string
		of   func(usage) float64
	}{
		{"GB through NAT", func(u usage) float64 { return u.NatGB }},
		{"capacity units of the load balancer (LCU)", func(u usage) float64 { return u.LoadBalancerUnits }},
		{"GB of logs", func(u usage) float64 { return u.LogGB }},
		{"GB in all buckets", func(u usage) float64 { return u.BucketGB }},
		{"GB from CloudFront", func(u usage) float64 { return u.CdnGB }},
		{"GB of the broker", func(u usage) float64 { return u.BrokerGB }},
		{"own metrics in CloudWatch", func(u usage) float64 { return u.Metrics }},
		{"invocations of functions", func(u usage) float64 { return u.Invocations }},
		{"hours of backups and drills", func(u usage) float64 { return u.TaskHours }},
	} {
		b.WriteString("| " + a.what + " |")
		for _, e := range all {
			b.WriteString(" " + strconv.FormatFloat(a.of(e.usage), 'f', -1, 64) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString(ending)
	_, err := io.WriteString(out, b.String())
	return err
}
