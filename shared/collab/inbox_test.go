package collab

import (
	"testing"
	"time"
)

func TestAPushIsOlderByItsNumberElseByItsTime(t *testing.T) { // W4
	early, late := time.Unix(1000, 0), time.Unix(2000, 0)
	tests := []struct {
		name  string
		push  Push
		stamp Stamp
		want  bool
	}{
		{"a lower number", Push{Version: "9", OccurredAt: late}, Stamp{"10", early}, true},
		{"a lower number as text", Push{Version: `"9"`, OccurredAt: late}, Stamp{`10`, early}, true},
		{"the same number", Push{Version: "10", OccurredAt: early}, Stamp{"10", late}, false},
		{"a higher number", Push{Version: "10", OccurredAt: early}, Stamp{"9", late}, false},
		{"large numbers", Push{Version: "90071992547409931"}, Stamp{"90071992547409932", late}, true},
		{"texts, earlier", Push{Version: `"v10"`, OccurredAt: early}, Stamp{`"v9"`, late}, true},
		{"texts, later", Push{Version: `"v9"`, OccurredAt: late}, Stamp{`"v10"`, early}, false},
		{"a fraction goes by its time", Push{Version: "1.5", OccurredAt: late}, Stamp{"2.5", early}, false},
		{"no version", Push{OccurredAt: early}, Stamp{"10", late}, false},
		{"nothing was said", Push{Version: "1", OccurredAt: early}, Stamp{}, false},
		{"a minus", Push{Version: "-"}, Stamp{"1", late}, true},
	}
	for _, tt := range tests {
		if got := tt.push.Older(tt.stamp); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
