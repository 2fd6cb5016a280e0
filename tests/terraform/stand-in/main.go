// Command terraform-provider-aws stands in for hashicorp/aws where neither the registry nor an account is to be had. It
// knows the schemas of the real provider and a few of its habits (tags_all, policy documents, zones, the form of ids and
// ARNs), so that terraform validates, tests, plans and applies. It never talks to AWS, and which values AWS takes it does
// not know: tests/terraform/policy judges those. Its schemas are of aws.json.gz; README.md says where they are from.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

func main() {
	s, err := load()
	if err == nil {
		err = tf5server.Serve("registry.terraform.io/hashicorp/aws", func() tfprotov5.ProviderServer { return s })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-aws, stand-in:", err)
		os.Exit(1)
	}
}
