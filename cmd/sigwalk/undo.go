package main

import (
	"context"
	"encoding/base64"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// undoer keeps how the sandbox was before each step, for all lessons that are opened here, in a directory beside the progress. It is
// nil where one does not push to the sandbox's own registry, and in a rehearsal, in which nobody undoes anything.
func (p *place) undoer(ctx context.Context, rehearse bool, progressFile string) (*undo.Keeper, error) {
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
	password := actions.NewSecret(settings.RegistryPass)
	client := registry.New(registry.Options{
		Transport: transport, Login: &registry.Credentials{Username: settings.RegistryUser, Password: password},
	})
	opts := undo.Options{
		Registry: client, Host: settings.Registry, Environment: p.env, Lasting: lessonVariables,
		Dirs: []undo.Dir{
			{Path: filepath.Join(p.home, "workspace"), Except: p.notTheirs},
			{Path: p.homes.TUF, What: "the trust root"},
			{Path: p.homes.Docker, What: "the stored logins"},
		},
	}
	// A sandbox that an earlier sigwalk runs has no name of its own, and does not say who is there.
	if settings.ID != "" {
		users, err := technicaluser.Open(ctx, technicaluser.OpenOptions{
			Issuer: settings.OIDCIssuer, Transport: transport, Getenv: environment.Getenv(environment.Sandbox(settings, p.homes)),
		})
		if err != nil {
			return nil, err
		}
		opts.Users, _ = users.(technicaluser.Removable)
		opts.Organizations = &organizations{quay.Options{Registry: client, Host: settings.Registry, Token: password, Transport: transport}}
		opts.Sandbox, opts.Known = settings.ID, knownSecrets(settings)
		if progressFile != "" {
			opts.Store = filepath.Join(filepath.Dir(progressFile), "undo")
		}
	}
	p.undo = undo.New(opts)
	return p.undo, nil
}

// knownSecrets are the sandbox's own passwords as files may hold them: by themselves, and in a stored login (RFC 7617).
func knownSecrets(s sandbox.Settings) []actions.Secret {
	var known []actions.Secret
	for _, user := range []string{s.RegistryUser, quay.TokenUser} {
		known = append(known, actions.NewSecret(base64.StdEncoding.EncodeToString([]byte(user+":"+s.RegistryPass))))
	}
	for _, password := range []string{s.RegistryPass, s.OIDCPassword, s.IdentitySecret} {
		known = append(known, actions.NewSecret(password))
	}
	return known
}

// organizations are those of the sandbox's registry.
type organizations struct{ at quay.Options }

// List implements undo.Organizations.
func (o *organizations) List(ctx context.Context) ([]string, error) {
	client, err := quay.New(ctx, o.at)
	if err != nil {
		return nil, err
	}
	return client.Organizations(ctx)
}

// Make implements undo.Organizations.
func (o *organizations) Make(ctx context.Context, name string) error {
	client, err := quay.New(ctx, o.at)
	if err == nil {
		_, err = client.CreateOrganization(ctx, name)
	}
	return err
}

// Remove implements undo.Organizations.
func (o *organizations) Remove(ctx context.Context, name string) error {
	client, err := quay.New(ctx, o.at)
	if err != nil {
		return err
	}
	return client.RemoveOrganization(ctx, name)
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
