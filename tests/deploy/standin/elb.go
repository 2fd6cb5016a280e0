package standin

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

const elbSpace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"

// elb answers calls of the query protocol.
func (c *Cloud) elb(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	action, result := r.Form.Get("Action"), ""
	switch {
	case action == "DescribeListeners" && r.Form.Get("ListenerArns.member.1") == Listener:
		result = c.listeners()
	case action == "ModifyListener" && r.Form.Get("ListenerArn") == Listener && c.modify(r.Form):
		result = c.listeners()
	case action == "DescribeTargetHealth":
		group := r.Form.Get("TargetGroupArn")
		result = c.targets(strings.TrimSuffix(strings.TrimPrefix(group, groups), "/1"))
	}
	w.Header().Set("Content-Type", "text/xml")
	if result == "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse xmlns=%q><Error><Type>Sender</Type><Code>ValidationError</Code><Message>%s is not possible</Message></Error></ErrorResponse>`, elbSpace, action)
		return
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns=%[2]q><%[1]sResult>%[3]s</%[1]sResult></%[1]sResponse>`, action, elbSpace, result)
}

func (c *Cloud) listeners() string {
	member := func(colour string) string {
		return fmt.Sprintf("<member><TargetGroupArn>%s</TargetGroupArn><Weight>%d</Weight></member>", TargetGroup(colour), c.Weights[colour])
	}
	return fmt.Sprintf(`<Listeners><member><ListenerArn>%s</ListenerArn><Port>443</Port><Protocol>HTTPS</Protocol><DefaultActions><member><Type>forward</Type><Order>1</Order>
		<ForwardConfig><TargetGroups>%s%s</TargetGroups><TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>%s</DurationSeconds></TargetGroupStickinessConfig></ForwardConfig>
		</member></DefaultActions></member></Listeners>`, Listener, member("blue"), member("green"), c.Sticky)
}

// modify takes the weights of the one action, as ELB does: what is not said is gone.
func (c *Cloud) modify(form url.Values) bool {
	const action = "DefaultActions.member.1."
	if form.Get(action+"Type") != "forward" || form.Get(action+"TargetGroupArn") != "" {
		return false
	}
	weights := map[string]int{}
	for i := 1; ; i++ {
		group := action + "ForwardConfig.TargetGroups.member." + strconv.Itoa(i)
		arn := form.Get(group + ".TargetGroupArn")
		if arn == "" {
			break
		}
		weight, err := strconv.Atoi(form.Get(group + ".Weight"))
		if err != nil || weight < 0 || weight > 999 {
			return false
		}
		weights[strings.TrimSuffix(strings.TrimPrefix(arn, groups), "/1")] = weight
	}
	c.Sticky = form.Get(action + "ForwardConfig.TargetGroupStickinessConfig.DurationSeconds")
	c.Weights = weights
	c.Log = append(c.Log, fmt.Sprintf("weights %d %d", weights["blue"], weights["green"]))
	if c.Shifted != nil {
		c.Shifted(weights)
	}
	return true
}

func (c *Cloud) targets(colour string) string {
	s := c.Services[colour]
	if s == nil {
		return ""
	}
	var b strings.Builder
	healthy := c.healthy(colour)
	for i := range max(s.Wanted, healthy) {
		state := "healthy"
		if i >= healthy {
			state = "unhealthy"
		}
		fmt.Fprintf(&b, "<member><Target><Id>10.0.0.%d</Id></Target><TargetHealth><State>%s</State></TargetHealth></member>", i+1, state)
	}
	return "<TargetHealthDescriptions>" + b.String() + "</TargetHealthDescriptions>"
}

// cloudWatch answers calls in CBOR.
func (c *Cloud) cloudWatch(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	in, err := cbor.Decode(body)
	asked, isMap := in.(cbor.Map)
	if err != nil || !isMap || !strings.HasSuffix(r.URL.Path, "/operation/DescribeAlarms") {
		http.Error(w, "not possible", http.StatusBadRequest)
		return
	}
	alarms := cbor.List{}
	names, _ := asked["AlarmNames"].(cbor.List)
	for _, name := range names {
		name := string(name.(cbor.String))
		if state, there := c.Alarms[name]; there {
			alarms = append(alarms, cbor.Map{"AlarmName": cbor.String(name), "StateValue": cbor.String(state)})
		}
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	_, _ = w.Write(cbor.Encode(cbor.Map{"MetricAlarms": alarms, "CompositeAlarms": cbor.List{}})) // a lost connection is the client's to see
}
