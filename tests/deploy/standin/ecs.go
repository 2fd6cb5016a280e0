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
	if name == Family {
		name = c.Newest
	}
	task := c.Tasks[name]
	if task == nil {
		return nil
	}
	return map[string]any{"taskDefinition": task, "tags": []any{map[string]any{"key": "Project", "value": "corsia"}}}
}

func (c *Cloud) register(in map[string]any) map[string]any {
	if in["family"] != Family {
		return nil
	}
	task := maps.Clone(in)
	number := len(c.Tasks) + 1
	c.Newest = fmt.Sprintf("%stask-definition/%s:%d", account, Family, number)
	task["taskDefinitionArn"], task["revision"], task["status"] = c.Newest, number, "ACTIVE"
	c.Tasks[c.Newest] = task
	c.Log = append(c.Log, "register "+Image(task, "corsia"))
	return map[string]any{"taskDefinition": task}
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
