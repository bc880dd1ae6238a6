package undo

import (
	"context"
	"slices"

	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
)

// Organizations are the namespaces of a registry, by their names.
type Organizations interface {
	List(ctx context.Context) ([]string, error)
	// Make makes one, unless it is there.
	Make(ctx context.Context, name string) error
	// Remove removes one with all that is in it, unless it is gone.
	Remove(ctx context.Context, name string) error
}

// Users are who can sign in at an identity provider.
type Users = technicaluser.Removable

// names returns the organisations, and the addresses of the users.
func (k *Keeper) names(ctx context.Context) (organizations, users []string, err error) {
	if k.opts.Organizations != nil {
		if organizations, err = k.opts.Organizations.List(ctx); err != nil {
			return nil, nil, err
		}
		slices.Sort(organizations)
	}
	if k.opts.Users != nil {
		all, err := k.opts.Users.All(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, user := range all {
			users = append(users, user.Email)
		}
		slices.Sort(users)
	}
	return organizations, users, nil
}

// madeAgain makes the organisations that are gone; what was pushed there is put back after it.
func (k *Keeper) madeAgain(before, now []string) (changes []change) {
	for _, name := range without(before, now) {
		changes = append(changes, change{"makes the organisation " + name + " again", func(ctx context.Context) error {
			return k.opts.Organizations.Make(ctx, name)
		}})
	}
	return changes
}

// removed takes away the organisations and the users that are new.
func (k *Keeper) removed(before, now *picture) (changes []change) {
	for _, name := range without(now.organizations, before.organizations) {
		changes = append(changes, change{"removes the organisation " + name, func(ctx context.Context) error {
			return k.opts.Organizations.Remove(ctx, name)
		}})
	}
	for _, email := range without(now.users, before.users) {
		changes = append(changes, change{"removes the user " + email, func(ctx context.Context) error {
			return k.opts.Users.Remove(ctx, technicaluser.Account{Email: email})
		}})
	}
	return changes
}

// missing says of users who are gone that they cannot be made again.
func (k *Keeper) missing(before, now []string) (left []string) {
	for _, email := range without(before, now) {
		left = append(left, "the user "+email+", whose password sigwalk does not know")
	}
	return left
}

// without returns what is in all and not in these.
func without(all, these []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(these, one) })
}
