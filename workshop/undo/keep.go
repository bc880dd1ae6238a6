package undo

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
)

// load reads the pictures that are in the store and not known yet, and forgets those that another process has undone.
func (k *Keeper) load() {
	if k.store.dir == "" {
		return
	}
	names, err := k.store.names()
	if err != nil {
		k.note("what can be undone cannot be read from %s (%v): it reaches back to now", k.store.dir, err)
		return
	}
	known := map[string]*picture{}
	var pictures []*picture
	for _, p := range k.pictures {
		known[p.name] = p
		if !p.stored {
			pictures = append(pictures, p)
		}
	}
	for _, name := range names {
		if p := known[name]; p != nil && p.stored {
			pictures = append(pictures, p)
			continue
		}
		p, err := k.store.read(name)
		switch {
		case err == nil:
			pictures = append(pictures, p)
		case errors.Is(err, fs.ErrNotExist): // undone just now, by another process
		case errors.Is(err, errForeign):
			_ = k.store.remove(name) // the sandbox that it was of is no more
		case errors.Is(err, errNewer):
			k.allAside(err)
			k.pictures = slices.DeleteFunc(k.pictures, func(p *picture) bool { return p.stored })
			return
		default:
			k.putAside(name, err)
		}
	}
	slices.SortStableFunc(pictures, func(a, b *picture) int { return cmp.Compare(a.name, b.name) })
	k.pictures = pictures
}

func (k *Keeper) putAside(name string, why error) {
	if as, err := k.store.aside(name); err == nil {
		k.note("one of the pictures that undo needs cannot be used (%v): it is kept as %s", why, filepath.Join(k.store.dir, as))
		return
	}
	k.note("one of the pictures that undo needs cannot be used (%v): %s", why, filepath.Join(k.store.dir, name))
}

func (k *Keeper) allAside(why error) {
	dir := k.store.dir
	as, err := k.store.allAside()
	if err != nil {
		k.store.dir = "" // and leave it alone
		k.note("what can be undone, in %s, cannot be used (%v) and cannot be put aside (%v): it reaches back to now", dir, why, err)
		return
	}
	k.note("what can be undone, in %s, cannot be used (%v): it is kept as %s, and undo reaches back to now", dir, why, as)
}

// keep stores a picture, and lets go of the oldest where there are too many or they are too large. Where that cannot be done, the
// picture lasts as long as the program, and a notice says so.
func (k *Keeper) keep(ctx context.Context, p *picture) {
	dropped := k.bound(p)
	if p.err != nil || k.store.dir == "" {
		return
	}
	unlock, err := k.store.lock(context.WithoutCancel(ctx))
	if err == nil {
		defer unlock()
		for _, one := range dropped {
			err = errors.Join(err, k.store.remove(one.name))
		}
		if len(dropped) > 0 || !k.swept {
			k.load()
			k.store.sweep(k.pictures)
			k.swept = true
		}
		err = errors.Join(err, k.store.write(p, k.opts.Lasting))
	}
	if err != nil {
		k.note("how the sandbox was before a step cannot be kept on disk (%v): u takes it back until sigwalk ends, and not after", actions.FileReason(err))
		return
	}
	p.stored = true
	for _, dir := range p.dirs {
		for name, f := range dir {
			if !f.withheld {
				f.content = nil
				dir[name] = f
			}
		}
	}
}

// bound takes the oldest pictures out until there are not too many, nor more content than may be stored. The newest stays.
func (k *Keeper) bound(newest *picture) (dropped []*picture) {
	seen, size := map[string]bool{}, int64(0)
	from := len(k.pictures)
	for i := len(k.pictures) - 1; i >= 0; i-- {
		p := k.pictures[i]
		for _, dir := range p.dirs {
			for _, f := range dir {
				if f.sum != "" && !seen[f.sum] {
					seen[f.sum] = true
					size += f.size
				}
			}
		}
		if p != newest && (size > mostStored || len(k.pictures)-i > mostPictures) {
			break
		}
		from = i
	}
	dropped = k.pictures[:from:from]
	k.pictures = slices.Clone(k.pictures[from:])
	return dropped
}

// forget lets go of the pictures from an index on. The newest go first, so that a crash leaves a beginning of them.
func (k *Keeper) forget(ctx context.Context, from int) {
	gone := k.pictures[from:]
	k.pictures = slices.Clone(k.pictures[:from])
	if k.store.dir == "" {
		return
	}
	unlock, err := k.store.lock(context.WithoutCancel(ctx))
	if err == nil {
		defer unlock()
		for _, p := range slices.Backward(gone) {
			err = errors.Join(err, k.store.remove(p.name))
		}
		k.load()
		k.store.sweep(k.pictures)
	}
	if err != nil {
		k.note("the pictures of what was undone cannot be removed from %s (%v): it can be undone again, which does nothing", k.store.dir, actions.FileReason(err))
	}
}
