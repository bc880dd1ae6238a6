package main

import (
	"fmt"

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
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.openRunning(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if a.flags.output == "json" {
				return a.printJSON(variableRows(p.env.List(), secrets))
			}
			for _, v := range p.env.List() {
				if !v.Exported || (v.Secret && !secrets) {
					continue
				}
				// A no-op carries the source: a comment would be an error in an interactive zsh.
				_, _ = fmt.Fprintf(a.out, "%s; : 'from: %s'\n", environment.Export(v), v.Source)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "print passwords and tokens too")
	return cmd
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
