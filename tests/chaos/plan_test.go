package chaos

import (
	"reflect"
	"testing"
	"time"
)

func TestASeedMakesTheSamePlanEachTime(t *testing.T) {
	s := Setting{Instances: 3, Kinds: []FaultKind{KillInstance, FreezeRedis, CutPostgres}, Length: time.Minute}
	if a, b := NewPlan(7, s), NewPlan(7, s); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v and %+v", a, b)
	}
	if a, b := NewPlan(7, s), NewPlan(8, s); reflect.DeepEqual(a.Faults, b.Faults) {
		t.Error("two seeds break the same things at the same times")
	}
}

func TestALongerPlanBeginsAsTheShorterOne(t *testing.T) {
	s := Setting{Instances: 3, Kinds: []FaultKind{KillInstance, FreezeRedis}, Length: 20 * time.Second}
	short := NewPlan(7, s)
	s.Length = time.Minute
	long := NewPlan(7, s)
	if !reflect.DeepEqual(short.Actors, long.Actors) || len(long.Faults) <= len(short.Faults) ||
		!reflect.DeepEqual(short.Faults, long.Faults[:len(short.Faults)]) {
		t.Errorf("%+v and %+v", short.Faults, long.Faults)
	}
}

func TestAPlanStaysWithinItsSetting(t *testing.T) {
	for seed := range uint64(200) {
		p := NewPlan(seed, Setting{Instances: 3, Kinds: []FaultKind{KillInstance, KillRedis}, Length: 20 * time.Second})
		total := time.Duration(0)
		for _, f := range p.Faults {
			total += f.After + f.For
			if f.Instance < 0 || f.Instance > 2 || f.Kind != KillInstance && f.Kind != KillRedis {
				t.Errorf("seed %d: %v", seed, f)
			}
		}
		editors := 0
		for _, role := range p.Actors {
			if !role.Viewer {
				editors++
			}
		}
		if total > 20*time.Second || len(p.Faults) == 0 || editors < rooms {
			t.Errorf("seed %d: %d editors, %d faults in %v", seed, editors, len(p.Faults), total)
		}
	}
}
