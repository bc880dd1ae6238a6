package main

import (
	"io/fs"
	"path"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// undoer keeps how the sandbox was before each step, for all lessons that are opened here. It is nil where one does not push to
// the sandbox's own registry, and in a rehearsal, in which nobody undoes anything.
func (p *place) undoer(rehearse bool) (*undo.Keeper, error) {
	if rehearse || p.handle == nil || p.value("QUAY") != p.handle.Settings().Registry {
		return nil, nil //nolint:nilnil // there is none
	}
	if p.undo != nil {
		return p.undo, nil
	}
	settings := p.handle.Settings()
	transport, err := web.Transport(web.Options{})
	if err != nil {
		return nil, err
	}
	login := &registry.Credentials{Username: settings.RegistryUser, Password: actions.NewSecret(settings.RegistryPass)}
	p.undo = undo.New(undo.Options{
		Registry: registry.New(registry.Options{Transport: transport, Login: login}), Host: settings.Registry, Environment: p.env,
		Dirs: []undo.Dir{
			{Path: filepath.Join(p.home, "workspace"), Except: p.notTheirs},
			{Path: p.homes.TUF, What: "the trust root"},
			{Path: p.homes.Docker, What: "the stored logins"},
		},
	})
	return p.undo, nil
}

// notTheirs tells the files of a lesson's directory that no step made: the course's scripts, and what the person exported.
func (p *place) notTheirs(name string) bool {
	for _, written := range []string{"transcript*.md", "trace*.json", "copied*.txt"} {
		if exported, _ := path.Match(written, name); exported {
			return true
		}
	}
	_, err := fs.Stat(p.files, "scripts/"+name)
	return err == nil && path.Dir(name) == "."
}
