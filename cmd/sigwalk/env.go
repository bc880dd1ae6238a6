package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

func (a *app) envCommand() *cobra.Command {
	var secrets bool
	shell := ""
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print what the lesson has set, as lines for a real terminal, each with its source",
		Long: `Print the variables of the deployment in force and what the lesson has set, as lines that a POSIX shell can eval.
Behind each line stands where the value came from. Secrets are left out unless --secrets asks for them.

With --shell, the lines are for that shell, and each address has all the names that the terminals of Trusted Artifact
Signer give it, in both of their generations, so that gitsign, rekor-cli and scripts find it, too.`,
		Example: `  eval "$(sigwalk env)"
  sigwalk env --shell fish | source
  sigwalk env --shell powershell | Out-String | Invoke-Expression`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if shell != "" && !slices.Contains(environment.Dialects(), shell) {
				return usageNext("choose one of "+strings.Join(environment.Dialects(), ", "), "--shell %s: no such shell is known", shell)
			}
			p, err := a.openRunning(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if a.flags.output == "json" {
				a.printJSON(variableRows(p.env.List(), secrets))
				return nil
			}
			a.sayVariables(p, shell, secrets)
			return nil
		},
	}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "print passwords and tokens too")
	cmd.Flags().StringVar(&shell, "shell", "", "write for the shell `sh|fish|powershell`, with both generations of names")
	cmd.AddCommand(a.discoverCommand())
	return printing(cmd, "text", "json")
}

// sayVariables prints the exported variables for a shell; with "" for a POSIX shell, by one name each.
func (a *app) sayVariables(p *place, shell string, secrets bool) {
	dialect, vars := environment.POSIX, p.env.List()
	if shell != "" {
		dialect, vars = environment.Dialect(shell), environment.BothGenerations(vars)
	}
	if text := generationOf(p.env.List()); text != "" {
		a.say("%s\n", dialect.Note(text))
	}
	for _, v := range vars {
		switch {
		case !v.Exported || !environment.ValidName(v.Name):
		case v.Secret && !secrets:
			a.say("%s\n", dialect.Note(v.Name+" is left out, a secret from: "+string(v.Source)+"; --secrets prints it"))
		default:
			a.say("%s\n", dialect.Export(v, "from: "+string(v.Source)))
		}
	}
}

// generationOf says which script of a terminal set the addresses in the environment, "" where none did.
func generationOf(vars []environment.Variable) string {
	given := slices.DeleteFunc(slices.Clone(vars), func(v environment.Variable) bool { return v.Source != fromEnvironment })
	switch older, newer := environment.Generations(given); {
	case older && newer:
		return "the environment has the names of both generations of a Trusted Artifact Signer terminal"
	case older:
		return "the environment has the names of an older Trusted Artifact Signer terminal"
	case newer:
		return "the environment has the names of a newer Trusted Artifact Signer terminal"
	}
	return ""
}

type variableRow struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Secret bool   `json:"secret"`
}

func variableRows(vars []environment.Variable, secrets bool) []variableRow {
	rows := make([]variableRow, 0, len(vars))
	for _, v := range vars {
		row := variableRow{Name: v.Name, Value: v.Value, Source: string(v.Source), Secret: v.Secret}
		if v.Secret && !secrets {
			row.Value = ""
		}
		rows = append(rows, row)
	}
	return rows
}
