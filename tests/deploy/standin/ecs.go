package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// ecs answers calls in JSON 1.1.
func (c *Cloud) ecs(w http.ResponseWriter, r *http.Request, operation string) {
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var out map[string]any
	switch operation {
	case "DescribeServices":
		out = c.describeServices(in)
	case "DescribeTaskDefinition":
		out = c.describeTask(fmt.Sprint(in["taskDefinition"]))
	case "RegisterTaskDefinition":
		out = c.register(in)
	case "UpdateService":
		out = c.update(in)
	case "RegisterScalableTarget":
		resource := fmt.Sprint(in["ResourceId"])
		if least, given := in["MinCapacity"].(float64); given && resource == Target(colour(resource)) && in["ServiceNamespace"] == "ecs" {
			c.Least[colour(resource)] = int(least)
			out = map[string]any{}
		}
	case "RunTask":
		out = c.run(in)
	case "DescribeTasks":
		out = map[string]any{"tasks": []any{map[string]any{"taskArn": list(in["tasks"])[0], "lastStatus": "STOPPED",
			"containers": []any{map[string]any{"name": "corsia", "exitCode": c.Exit}}}}}
	case "TagResource":
		for _, tag := range list(in["tags"]) {
			tag := tag.(map[string]any)
			c.Services[colour(in["resourceArn"])].Tags[fmt.Sprint(tag["key"])] = fmt.Sprint(tag["value"])
		}
		out = map[string]any{}
	case "UntagResource":
		for _, key := range list(in["tagKeys"]) {
			delete(c.Services[colour(in["resourceArn"])].Tags, fmt.Sprint(key))
		}
		out = map[string]any{}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if out == nil {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]any{"__type": "ClientException", "message": operation + " is not possible"}
	}
	_ = json.NewEncoder(w).Encode(out) // a lost connection is the client's to see
}

func (c *Cloud) describeServices(in map[string]any) map[string]any {
	var services []any
	for _, name := range list(in["services"]) {
		s := c.Services[colour(name)]
		if s == nil || in["cluster"] != Cluster {
			continue
		}
		var tags []any
		if slices.Contains(list(in["include"]), any("TAGS")) {
			for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
				tags = append(tags, map[string]any{"key": key, "value": s.Tags[key]})
			}
		}
		running := c.healthy(colour(name))
		state := "COMPLETED"
		if running != s.Wanted {
			state = "IN_PROGRESS"
		}
		if s.Failed != "" {
			state = "FAILED"
		}
		services = append(services, map[string]any{"serviceName": Service(colour(name)), "serviceArn": account + "service/" + Cluster + "/" + Service(colour(name)),
			"taskDefinition": s.Task, "desiredCount": s.Wanted, "runningCount": running, "tags": tags,
			"deployments": []any{map[string]any{"status": "PRIMARY", "taskDefinition": s.Task, "rolloutState": state, "rolloutStateReason": s.Failed}}})
	}
	return map[string]any{"services": services, "failures": []any{}}
}

func (c *Cloud) healthy(colour string) int {
	if c.Healthy != nil {
		return c.Healthy(colour)
	}
	return c.Services[colour].Wanted
}

func (c *Cloud) describeTask(name string) map[string]any {
	for colour, newest := range c.Newest {
		if name == Family(colour) {
			name = newest
		}
	}
	task := c.Tasks[name]
	if task == nil {
		return nil
	}
	return map[string]any{"taskDefinition": task, "tags": []any{map[string]any{"key": "Project", "value": "corsia"}}}
}

func (c *Cloud) register(in map[string]any) map[string]any {
	of := colour(in["family"])
	if c.Newest[of] == "" {
		return nil
	}
	task := maps.Clone(in)
	number := len(c.Tasks) + 1
	arn := fmt.Sprintf("%stask-definition/%s:%d", account, Family(of), number)
	task["taskDefinitionArn"], task["revision"], task["status"] = arn, number, "ACTIVE"
	c.Newest[of], c.Tasks[arn] = arn, task
	c.Log = append(c.Log, "register "+Image(task, "corsia"))
	return map[string]any{"taskDefinition": task}
}

// run takes a task of operations, which ends at once.
func (c *Cloud) run(in map[string]any) map[string]any {
	overrides, _ := in["overrides"].(map[string]any)
	for _, o := range list(overrides["containerOverrides"]) {
		var command []string
		for _, part := range list(o.(map[string]any)["command"]) {
			command = append(command, fmt.Sprint(part))
		}
		c.Ran = append(c.Ran, command)
	}
	if in["taskDefinition"] != Operations {
		return map[string]any{"tasks": []any{}, "failures": []any{map[string]any{"reason": "MISSING"}}}
	}
	return map[string]any{"tasks": []any{map[string]any{"taskArn": account + "task/1"}}, "failures": []any{}}
}

func (c *Cloud) update(in map[string]any) map[string]any {
	of := colour(in["service"])
	s := c.Services[of]
	if s == nil || in["cluster"] != Cluster {
		return nil
	}
	if task, given := in["taskDefinition"].(string); given {
		if c.Tasks[task] == nil {
			return nil
		}
		s.Task = task
	}
	if wanted, given := in["desiredCount"].(float64); given {
		s.Wanted = int(wanted)
	}
	s.Failed = ""
	c.Log = append(c.Log, fmt.Sprintf("roll %s to %d of %s", of, s.Wanted, Image(c.Tasks[s.Task], "corsia")))
	if c.Rolled != nil {
		c.Rolled(of, c.Tasks[s.Task], s.Wanted)
	}
	return map[string]any{"service": map[string]any{"serviceName": Service(of)}}
}
