//go:build integration

package cluster

import (
	"fmt"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// follows checks that what one writes is seen by all others in time, again and again.
func follows(t *testing.T, limit time.Duration, writer *person, field string, others ...*person) {
	t.Helper()
	for i := range 5 {
		word := fmt.Sprintf("%s %d;", field, i)
		text := word + writer.text(field)
		writer.write(field, word)
		for _, p := range others {
			p.shows(limit, field, text)
		}
	}
}

func TestWithoutRabbitMQPeopleGoOnAndOtherInstancesFollowByTheJournal_F3_D4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true})
	c.ExpectError(troubles...)
	for _, f := range []fault{cut, frozen, deaf} {
		t.Run(f.name, func(t *testing.T) {
			resource := "page:/failure/f3/" + f.name
			anna, bruno, carla := three(t, c, resource, "f3"+f.name)
			near := join(t, c.Instances[0], "usr_near_f3"+f.name, resource)
			mend := f.strike(t, rabbitOf, c.Instances...)
			follows(t, healthy, anna, "near", near)       // one instance's people go on together
			follows(t, healed, anna, "far", bruno, carla) // the others look at the heads every second
			lock := anna.lock("notes")
			if code := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bruno.insert("notes", "x")}).Text("code"); code != "UPDATE_REJECTED" {
				t.Errorf("a lock on another instance does not hold without the bus: %s", code)
			}
			anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
			newcomer := join(t, c.Instances[1], "usr_new_f3"+f.name, resource)
			carla.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("userId") == newcomer.user })
			mend()
			converge(t, healed+time.Second, c.Store(t), anna, carla, near, newcomer)
			isHealthy(t, 2*eventually, c.Instances...)
			within(t, healthy, "an update after it", 5, func(i int) time.Duration {
				word := fmt.Sprintf("%d;", i)
				text := word + anna.text("after")
				start := time.Now()
				anna.write("after", word)
				carla.shows(eventually, "after", text)
				return time.Since(start)
			})
		})
	}
}

func TestAnInstanceThatAloneMissesNoticesReadsTheGapFromTheJournal_D4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true})
	c.ExpectError(troubles...)
	const resource = "page:/failure/gap"
	anna, bruno, carla := three(t, c, resource, "gap")
	for _, way := range []testkit.Direction{testkit.ToClient, testkit.ToService} {
		c.Instances[1].RabbitMQ.Drop(way)
		for i := range 10 {
			anna.write("notes", fmt.Sprintf("%d;", i))
			bruno.write("dose", fmt.Sprintf("%d;", i))
		}
		bruno.shows(healed, "notes", anna.text("notes"))
		carla.shows(healed, "dose", bruno.text("dose"))
		c.Instances[1].RabbitMQ.Restore(t)
		converge(t, healed+time.Second, c.Store(t), anna, bruno, carla)
	}
}

func TestAKilledRabbitMQIsFoundAgain_F3(t *testing.T) {
	services := testkit.SharedServices(t)
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	c.ExpectError(troubles...)
	testkit.SharedCluster(t).ExpectError(troubles...) // it has the same broker
	const resource = "page:/failure/f3/killed"
	anna, bruno, _ := three(t, c, resource, "f3k")
	services.RabbitMQ.Kill()
	follows(t, healed, anna, "away", bruno)
	services.RabbitMQ.Restart(t)
	follows(t, healed, anna, "back", bruno)
	isHealthy(t, 3*eventually, c.Instances...)
	isHealthy(t, 3*eventually, testkit.SharedCluster(t).Instances...)
	within(t, healthy, "an update after it", 5, func(i int) time.Duration {
		word := fmt.Sprintf("%d;", i)
		text := word + anna.text("after")
		start := time.Now()
		anna.write("after", word)
		bruno.shows(eventually, "after", text)
		return time.Since(start)
	})
}
