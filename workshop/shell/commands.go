package shell

import (
	"slices"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/cosign"
	"github.com/sigwalk/sigwalk/workshop/shell/curl"
	"github.com/sigwalk/sigwalk/workshop/shell/images"
	"github.com/sigwalk/sigwalk/workshop/shell/jq"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
	"github.com/sigwalk/sigwalk/workshop/shell/text"
)

// commands lists every command that is built in, beside those that need the interpreter itself (help, sh, bash).
func commands() []builtin.Builtin {
	return slices.Concat(
		[]builtin.Builtin{cosign.Command{}, images.Skopeo{}, images.Crane{}, jq.Command{}, curl.Command{}, own.Command{}, own.Answer{}},
		text.Commands(),
	)
}
