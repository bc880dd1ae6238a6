package workshop

import (
	"slices"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

func TestExpand(t *testing.T) {
	env := environment.New(environment.Variable{Name: "A", Value: "a"}, environment.Variable{Name: "B", Value: "b"})
	for value, want := range map[string]struct {
		expanded string
		unset    []string
	}{
		"$A-${B}":                  {"a-b", nil},
		"${A:-x}":                  {"a", nil},
		"${NONE:-}":                {"", nil},
		"${NONE:-x}":               {"x", nil},
		"${NONE:-$B}":              {"b", nil},
		"${NONE:-$NOR}$NONE":       {"", []string{"NONE", "NOR"}},
		`^(${NONE:-$A}|b\.c)$`:     {`^(a|b\.c)$`, nil},
		"costs $5, or ${} nothing": {"costs $5, or ${} nothing", nil},
	} {
		expanded, unset := expand(value, env)
		if expanded != want.expanded || !slices.Equal(unset, want.unset) {
			t.Errorf("%s: %q, without %v", value, expanded, unset)
		}
	}
	if names := variablesIn("$A ${B:-$C} ${D:-e}"); !slices.Equal(names, []string{"A", "C"}) {
		t.Errorf("it wants %v", names)
	}
}
