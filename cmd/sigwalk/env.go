package main

import (
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

func (a *app) envCommand() *cobra.Command {
	var secrets bool
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print what the lesson has set, as lines for a real terminal, each with its source",
		Long: `Print the variables of the deployment in force and what the lesson has set, as lines that a POSIX shell can eval.
Behind each line stands where the value came from. Secrets are left out unless --secrets asks for them.`,
		Example: `  eval "$(sigwalk env)"`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.openRunning(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if a.flags.output == "json" {
				a.printJSON(variableRows(p.env.List(), secrets))
				return nil
			}
			for _, v := range p.env.List() {
				// A no-op carries the source: a comment would be an error in an interactive zsh.
				switch {
				case !v.Exported || !environment.ValidName(v.Name):
				case v.Secret && !secrets:
					a.say(": %s\n", environment.Quote(v.Name+" is left out, a secret from: "+string(v.Source)+"; --secrets prints it"))
				default:
					a.say("%s; : %s\n", environment.Export(v), environment.Quote("from: "+string(v.Source)))
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "print passwords and tokens too")
	cmd.AddCommand(a.discoverCommand())
	return printing(cmd, "text", "json")
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
