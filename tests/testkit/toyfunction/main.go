// Command toyfunction is a function that does what its event says, for the tests of the testkit.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

type event struct {
	Do   string
	Text string
}

type answer struct {
	Text string
	Left time.Duration // until the deadline
	Nth  int           // of this process
}

func main() {
	if os.Getenv("TOY_ENDS") == "1" {
		os.Exit(3)
	}
	nth := 0
	lambda.Start(func(ctx context.Context, e event) (answer, error) {
		nth++
		deadline, _ := ctx.Deadline()
		switch e.Do {
		case "log":
			fmt.Println(`{"level":"INFO","msg":"` + e.Text + `"}`)
		case "fail":
			return answer{}, errors.New(e.Text)
		case "exit":
			os.Exit(3)
		case "sleep":
			<-ctx.Done()
			time.Sleep(time.Minute)
		}
		return answer{Text: e.Text, Left: time.Until(deadline), Nth: nth}, nil
	})
}
