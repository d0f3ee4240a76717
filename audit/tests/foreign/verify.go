// Verifies logs with Go's own transparency packages (golang.org/x/mod/sumdb) and nothing of Sealane's.
//
// Reads one request a line from standard input and answers each with one line, both JSON, so that one
// process judges any number of logs. Only what C2SP tlog-tiles, tlog-checkpoint and signed-note define is
// looked at: the checkpoint, the entry bundles, the tiles. Nothing read is trusted: the root is recomputed
// from the entries, every tile is compared with what the entries make of it, every entry is proven with
// CheckRecord through the tiles as read, and every earlier checkpoint with CheckTree.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // C2SP tlog-tiles: 256 hashes a tile

type request struct {
	Dir     string   `json:"dir"`
	Key     string   `json:"key"`
	Anchors []string `json:"anchors"`
}

type answer struct {
	Accepted bool   `json:"accepted"`
	Why      string `json:"why"`
	Size     int64  `json:"size"`
	Root     string `json:"root"`
}

func main() {
	requests := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := requests.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(2)
		}
		tree, err := verify(asked)
		said := answer{Accepted: err == nil, Size: tree.N, Root: tree.Hash.String()}
		if err != nil {
			said.Why = err.Error()
		}
		if err := answers.Encode(said); err != nil {
			os.Exit(2)
		}
	}
}

func verify(asked request) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(asked.Key))
	if err != nil {
		return tlog.Tree{}, err
	}
	text, err := os.ReadFile(filepath.Join(asked.Dir, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := checkpoint(text, verifier)
	if err != nil {
		return tlog.Tree{}, err
	}
	directory := tiles(asked.Dir)
	entries, err := directory.entries(tree.N)
	if err != nil {
		return tree, err
	}
	stored, err := recompute(entries, tree)
	if err != nil {
		return tree, err
	}
	if err := directory.compare(tree.N, stored); err != nil {
		return tree, err
	}
	if err := prove(entries, tree, tlog.TileHashReader(tree, directory)); err != nil {
		return tree, err
	}
	for _, text := range asked.Anchors {
		if err := passesThrough([]byte(text), verifier, tree, tlog.TileHashReader(tree, directory)); err != nil {
			return tree, err
		}
	}
	return tree, links(entries)
}

// checkpoint opens a C2SP checkpoint: a note signed by the log, of origin, size and root.
func checkpoint(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	// Open takes base64 with loose bits at its end, which is another text for the same signature.
	for _, signature := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return tlog.Tree{}, err
		}
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the checkpoint is not of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New("the checkpoint has no size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("the checkpoint has no root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// recompute builds the whole tree from the entries; its root must be the signed one.
func recompute(entries [][]byte, tree tlog.Tree) (memory, error) {
	var stored memory
	for n, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(n), entry, stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	if tree.N == 0 {
		return stored, nil
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, errors.New("the root over the entries is not the signed one")
	}
	return stored, nil
}

// prove does what a client does that holds one entry and trusts no tile.
func prove(entries [][]byte, tree tlog.Tree, reader tlog.HashReader) error {
	for n, entry := range entries {
		// All entries of a small log, and a spread of a large one: each proof reads tiles anew.
		if len(entries) > 64 && n%61 != 0 && n != len(entries)-1 {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, int64(n), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	return nil
}

// passesThrough: the log is one that an earlier checkpoint of it grew into.
func passesThrough(text []byte, verifier note.Verifier, tree tlog.Tree, reader tlog.HashReader) error {
	earlier, err := checkpoint(text, verifier)
	if err != nil {
		return fmt.Errorf("the earlier checkpoint: %w", err)
	}
	if earlier.N == 0 {
		return nil
	}
	if earlier.N > tree.N {
		return fmt.Errorf("rolled back: %d entries were signed and %d are there", earlier.N, tree.N)
	}
	proof, err := tlog.ProveTree(tree.N, earlier.N, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash); err != nil {
		return fmt.Errorf("forked or rewritten: %w", err)
	}
	return nil
}

// links checks what an entry says of itself: its index, and the hash of the entry before.
func links(entries [][]byte) error {
	before := tlog.Hash{}
	for n, entry := range entries {
		said, err := members(entry)
		if err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		if said["index"] != strconv.Itoa(n) || said["prev"] != strconv.Quote(hex.EncodeToString(before[:])) {
			return fmt.Errorf("entry %d does not follow from the one before", n)
		}
		before = tlog.RecordHash(entry)
	}
	return nil
}

// members reads the outermost object. Unmarshal would take the last of two members of one name, and any case.
func members(entry []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(entry))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, errors.New("it is no object")
	}
	found := map[string]string{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		key := name.(string)
		if _, twice := found[key]; twice {
			return nil, fmt.Errorf("it has two members %q", key)
		}
		found[key] = string(value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if decoder.InputOffset() != int64(len(entry)) {
		return nil, errors.New("bytes follow the object")
	}
	return found, nil
}

// memory holds hashes in the order of tlog.StoredHashIndex.
type memory []tlog.Hash

func (stored memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(stored)) {
			return nil, errors.New("a hash that is not there yet")
		}
		hashes[i] = stored[index]
	}
	return hashes, nil
}

// tiles is a log directory in the C2SP layout.
type tiles string

// layout lists the tiles of a tree: of a tile that is not full yet, NewTiles lists every width that it had.
func layout(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for _, tile := range tlog.NewTiles(height, 0, size) {
		last := len(tiles) - 1
		if last >= 0 && tiles[last].L == tile.L && tiles[last].N == tile.N {
			tiles = tiles[:last]
		}
		tiles = append(tiles, tile)
	}
	return tiles
}

func (directory tiles) read(tile tlog.Tile) ([]byte, error) {
	// sumdb names a tile tile/<height>/<level or data>/..., C2SP tile/<level or entries>/...
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	path = strings.Replace(path, "data/", "entries/", 1)
	return os.ReadFile(filepath.Join(string(directory), "tile", path))
}

func (directory tiles) Height() int { return height }

func (directory tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (directory tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		read, err := directory.read(tile)
		if err != nil {
			return nil, err
		}
		if len(read) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(read))
		}
		data[i] = read
	}
	return data, nil
}

// entries reads the bundles: per entry its length in two bytes, big-endian, and the entry.
func (directory tiles) entries(size int64) ([][]byte, error) {
	var entries [][]byte
	for _, tile := range layout(size) {
		if tile.L != 0 {
			continue
		}
		tile.L = -1
		rest, err := directory.read(tile)
		if err != nil {
			return nil, err
		}
		for n := 0; n < tile.W; n++ {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				return nil, fmt.Errorf("%s is cut short", tile.Path())
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			entries = append(entries, rest[2:end])
			rest = rest[end:]
		}
		if len(rest) != 0 {
			return nil, fmt.Errorf("%s has bytes left over", tile.Path())
		}
	}
	return entries, nil
}

// compare finds the tile that is not what the entries make of it.
func (directory tiles) compare(size int64, stored memory) error {
	for _, tile := range layout(size) {
		wanted, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		there, err := directory.read(tile)
		if err != nil {
			return err
		}
		if !bytes.Equal(wanted, there) {
			return fmt.Errorf("%s is not the tile of these entries", tile.Path())
		}
	}
	return nil
}
