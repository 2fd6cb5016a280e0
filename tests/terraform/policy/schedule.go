package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// timed says where each type keeps its schedule.
var timed = map[string]string{
	"aws_cloudwatch_event_rule":          "schedule_expression",
	"aws_scheduler_schedule":             "schedule_expression",
	"aws_secretsmanager_secret_rotation": "rotation_rules.0.schedule_expression",
}

func schedules(v *view, find func(string, string, ...any)) {
	for _, r := range v.all {
		if text := r.str(timed[r.kind]); timed[r.kind] != "" && text != "" {
			if err := schedule(text); err != nil {
				find(r.address, "%s: %v", text, err)
			}
		}
	}
}

var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)(s?)\)$`)

// schedule judges an expression as EventBridge does: rate(1 minute), cron(0 2 * * ? *).
func schedule(text string) error {
	if m := rate.FindStringSubmatch(text); m != nil {
		switch n, err := strconv.Atoi(m[1]); {
		case err != nil || n < 1:
			return errors.New("a rate is at least 1")
		case (n == 1) != (m[3] == ""):
			return errors.New("1 has a singular, all else a plural")
		}
		return nil
	}
	inside, isCron := strings.CutPrefix(text, "cron(")
	inside, ends := strings.CutSuffix(inside, ")")
	if !isCron || !ends {
		return errors.New("neither rate(…) nor cron(…)")
	}
	parts := strings.Split(inside, " ")
	if len(parts) != len(cronFields) {
		return fmt.Errorf("a cron expression has %d fields, this has %d", len(cronFields), len(parts))
	}
	for i, field := range cronFields {
		if err := field.check(parts[i]); err != nil {
			return err
		}
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return errors.New("exactly one of the days, of the month and of the week, is ?")
	}
	return nil
}

type cronField struct {
	name        string
	least, most int
	words       string // that stand for numbers, from least on
	extra       *regexp.Regexp
}

var cronFields = []cronField{
	{"minute", 0, 59, "", nil},
	{"hour", 0, 23, "", nil},
	{"day of the month", 1, 31, "", regexp.MustCompile(`^(\?|L|\d+W)$`)},
	{"month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", nil},
	{"day of the week", 1, 7, "SUN MON TUE WED THU FRI SAT", regexp.MustCompile(`^(\?|L|[1-7]#[1-5]|[1-7]L)$`)},
	{"year", 1970, 2199, "", nil},
}

func (f cronField) check(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		if f.extra != nil && f.extra.MatchString(one) {
			continue
		}
		span, step, stepped := strings.Cut(one, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
			return fmt.Errorf("%s %q has no step", f.name, one)
		}
		if span == "*" {
			continue
		}
		from, to, isRange := strings.Cut(span, "-")
		if !f.has(from) || isRange && !f.has(to) {
			return fmt.Errorf("%s %q is not from %d to %d", f.name, one, f.least, f.most)
		}
	}
	return nil
}

func (f cronField) has(text string) bool {
	for word := range strings.FieldsSeq(f.words) {
		if word == text {
			return true
		}
	}
	n, err := strconv.Atoi(text)
	return err == nil && n >= f.least && n <= f.most
}
