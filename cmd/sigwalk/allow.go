package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/workshop"
)

// permission is what a person allowed a course in words: to run programs of this machine, as long as its files are those.
type permission struct {
	Sum string `json:"sum"` // of workshop.Course.Sum, in hex
}

func (a *app) permissionFile(dir string) string {
	return filepath.Join(a.courseHome(dir), "allowed.json")
}

func sumOf(course *workshop.Course) string {
	sum := course.Sum()
	return hex.EncodeToString(sum[:])
}

// permitted reports whether the course of --workshop was allowed to run programs of this machine, and is as it was then. One
// that cannot be read was allowed nothing.
func (a *app) permitted(dir string) bool {
	if a.flags.workshop == "" {
		return false
	}
	text, err := os.ReadFile(a.permissionFile(dir))
	var kept permission
	if err != nil || json.Unmarshal(text, &kept) != nil {
		return false
	}
	course, err := a.course()
	return err == nil && course.Host != "" && kept.Sum == sumOf(course)
}

// askHost asks the person who opens a course that wants to run programs of the machine, unless the answer is known. Without a
// yes the course is opened all the same, and such programs are refused.
func (a *app) askHost(ctx context.Context, dir string, course *workshop.Course) error {
	if course == nil || course.Host == "" || a.flags.workshop == "" || a.flags.host || a.permitted(dir) {
		return nil
	}
	allowed, err := a.allowInWords(ctx, course)
	if err != nil || !allowed {
		return err
	}
	return a.permit(dir, course)
}

// allowInWords asks for the word that allows it; nothing else does.
func (a *app) allowInWords(ctx context.Context, course *workshop.Course) (bool, error) {
	folder, err := filepath.Abs(a.flags.workshop)
	if err != nil {
		folder = a.flags.workshop
	}
	answer, err := newTerminalObserver(a.in, a.err).Ask(ctx, actions.Question{
		ID: "allow-host", Prompt: "Type allow, or only enter to go on without:",
		Text: "The course " + printable.Line(course.Title, ' ') + " wants to run programs of this machine: " + printable.Line(course.Host, ' ') + ".\n\n" +
			"Its lines could then do whatever you can do: read, change and send away any of your files, and start any program.\n" +
			"They are in " + folder + ". Read them, or trust who wrote them.\n\n" +
			"It is allowed for the files as they are now; when one of them changes, you are asked again.",
	})
	if errors.Is(err, actions.ErrNobodyToAsk) {
		return false, nil
	}
	return err == nil && strings.TrimSpace(answer.Text.Reveal()) == "allow", err
}

// permit keeps a permission.
func (a *app) permit(dir string, course *workshop.Course) error {
	file := a.permissionFile(dir)
	text, err := json.Marshal(permission{sumOf(course)})
	if err != nil {
		return err
	}
	return keep(file, text)
}

func (a *app) allowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "allow [FOLDER]",
		Short: "Let a course run programs of this machine, after a question; for its files as they are now",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.at(args)
			course, err := a.course()
			if err != nil {
				return err
			}
			switch {
			case a.flags.workshop == "":
				return usage("the course that is built in runs no program of this machine: name the folder of another")
			case course.Host == "":
				return usageNext("its author says in course.yaml why: host: they call oc", "the course %s does not ask to run programs of this machine", course.Title)
			}
			dir, err := a.dir()
			if err != nil {
				return err
			}
			allowed, err := a.allowInWords(cmd.Context(), course)
			switch {
			case err != nil:
				return err
			case !allowed:
				return &actions.Error{
					Code: actions.CodeDeclined, What: "the course was not allowed to run programs of this machine",
					Why: "the word allow was not typed", Next: "run it again on a terminal and type it, or give --allow-host, which counts once",
				}
			}
			if err := a.permit(dir, course); err != nil {
				return err
			}
			a.say("%s may run programs of this machine, until one of its files changes; sigwalk workshop forbid takes it back\n", course.Title)
			return nil
		},
	}
}

func (a *app) forbidCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forbid [FOLDER]",
		Short: "Take back what allow allowed",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			a.at(args)
			dir, err := a.dirName()
			if err != nil {
				return err
			}
			err = os.Remove(a.permissionFile(dir))
			switch {
			case errors.Is(err, os.ErrNotExist):
				// A folder that is gone may have been allowed before; one that never was is a name typed wrong.
				if _, err := a.courseFiles(); err != nil {
					return err
				}
				a.say("it was not allowed to run programs of this machine\n")
				return nil
			case err != nil:
				return unwritable(a.permissionFile(dir), err)
			}
			a.say("it may no longer run programs of this machine\n")
			return nil
		},
	}
}
