package main

import (
	"io"
	"testing"
	"time"
)

func TestAScenarioHasItsOwnDefaults(t *testing.T) {
	tests := []struct {
		name    string
		args    []string
		want    func(s settings) bool
		wantErr bool
	}{
		{"nothing said", nil, func(s settings) bool { return s.Scenario == "rate" && s.Sockets == 1000 && s.Rooms == 200 }, false},
		{"idle", []string{"-scenario", "idle"}, func(s settings) bool { return s.Sockets == 10_000 && s.Duration == 10*time.Second }, false},
		{"said otherwise", []string{"-sockets=50", "--scenario=hot"}, func(s settings) bool { return s.Sockets == 50 && s.Rooms == 1 }, false},
		{"settings of the gateway", []string{"-set", "A=1", "-set", "B="}, func(s settings) bool { return len(s.Set) == 2 }, false},
		{"no such scenario", []string{"-scenario", "flood"}, nil, true},
		{"more rooms than sockets", []string{"-sockets", "5", "-rooms", "6"}, nil, true},
		{"another machine", []string{"-url", "http://192.0.2.1:80", "-keys", "."}, nil, true},
		{"a gateway without keys", []string{"-url", "http://127.0.0.1:80"}, nil, true},
		{"this machine", []string{"-url", "http://[::1]:80", "-keys", "."}, func(s settings) bool { return s.Keys == "." }, false},
		{"a cluster", []string{"-scenario", "cluster"}, func(s settings) bool { return s.Instances == 3 && len(s.Rates) == 4 && s.Rooms*5 == s.Sockets }, false},
		{"its rates", []string{"-scenario", "cluster", "-rates", "10,20.5"}, func(s settings) bool { return len(s.Rates) == 2 && s.Rates[1] == 20.5 }, false},
		{"no rate", []string{"-scenario", "cluster", "-rates", "10,fast"}, nil, true},
		{"a cluster that runs", []string{"-instances", "3", "-url", "http://127.0.0.1:80", "-keys", "."}, nil, true},
		{"no setting", []string{"-set", "A"}, nil, true},
		{"an argument", []string{"rate"}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSettings(tt.args, io.Discard)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %v", err, tt.wantErr)
			}
			if tt.want != nil && !tt.want(s) {
				t.Errorf("got %+v", s)
			}
		})
	}
}
