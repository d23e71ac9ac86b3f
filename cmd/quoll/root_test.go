package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestNoCommandTakesAnOutputThatItDoesNotKnow: text in place of a misspelt json
// would break the program that reads it.
func TestNoCommandTakesAnOutputThatItDoesNotKnow(t *testing.T) {
	asked := 0
	var ask func(*cobra.Command)
	ask = func(command *cobra.Command) {
		for _, below := range command.Commands() {
			ask(below)
		}
		flag := command.Flags().Lookup("output")
		if flag == nil || flag.Usage != "text or json" {
			return
		}
		asked++
		if flag.DefValue != "text" || flag.Value.Set("json") != nil {
			t.Errorf("%s takes no JSON, or not only when it is asked for", command.CommandPath())
		}
		var exit *exitError
		if _, err := quoll(t, append(strings.Fields(command.CommandPath())[1:], "-o", "yaml")...); !errors.As(err, &exit) || exit.code != exitUsage || !strings.Contains(err.Error(), `"yaml" is neither text nor json`) {
			t.Errorf("%s -o yaml: %v", command.CommandPath(), err)
		}
	}
	ask(rootCommand())
	if asked < 20 {
		t.Errorf("%d commands give text or JSON", asked)
	}
}
