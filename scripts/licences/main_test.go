package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func TestTheReportIsUpToDate(t *testing.T) {
	all, err := take(root)
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(root + "/docs/security/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, report(all)) {
		t.Error("docs/security/dependencies.md is not what `go run ./scripts/licences` writes")
	}
}

func TestWhatShipsIsUnderAnAllowedLicence(t *testing.T) {
	all, err := take(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Programs) < 20 || len(all.Widget) < 3 || len(all.Tests) < 20 {
		t.Fatalf("found %d modules, %d packages of the widget, %d of tests", len(all.Programs), len(all.Widget), len(all.Tests))
	}
	for _, p := range refused(all) {
		t.Errorf("%s %s ships, under %s", p.Name, p.Version, p.Licence)
	}
}

func TestALicenceThatIsNotAllowedIsRefused(t *testing.T) {
	for licence, ok := range map[string]bool{"MIT": true, "MIT AND BSD-3-Clause": true, "GPL OR MIT": true, "MPL-2.0": false,
		"GPL": false, "MIT AND GPL": false, "unknown": false, "UNLICENSED": false, "": false} {
		p := part{"a", "1", licence}
		for _, all := range []inventory{{Programs: []part{p}}, {Widget: []part{p}}} {
			if got := len(refused(all)) == 0; got != ok {
				t.Errorf("%q: allowed %v", licence, got)
			}
		}
		if len(refused(inventory{Tests: []part{p}})) > 0 {
			t.Errorf("%q is refused in tests", licence)
		}
	}
}

func TestLicencesAreKnownByTheirWords(t *testing.T) {
	for want, text := range map[string]string{
		"MIT":             "Permission is hereby granted, free of charge,\n to any person obtaining  a copy",
		"Apache-2.0":      "Apache License\n Version 2.0, January 2004",
		"BSD-3-Clause":    "Redistribution and use in source and binary forms ... Neither the name of",
		"BSD-2-Clause":    "Redistribution and use in source and binary forms, with or without",
		"ISC":             "Permission to use, copy, modify, and/or distribute this software for any purpose",
		"MPL-2.0":         "Mozilla Public License Version 2.0",
		"GPL":             "GNU Affero General Public License",
		"unknown":         "All rights reserved.",
		"Apache-2.0, MIT": "Apache License Version 2.0 and Permission is hereby granted, free of charge, to any person obtaining a copy",
	} {
		if got := strings.Join(classify(text), ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheWidgetsNoticesNameWhatIsLocked(t *testing.T) {
	packages, err := locked(root)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := bundled(root, packages)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(parts, func(p part) bool { return p.Name == "yjs" && p.Licence == "MIT" }) {
		t.Errorf("got %v", parts)
	}
	if _, err := bundled(root, nil); err == nil {
		t.Error("packages of no lock file were taken")
	}
}
