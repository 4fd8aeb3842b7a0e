// Package state keeps what must outlive the process, such as operators' overrides, in a file
// that is either the old or the new one, never half of each.
//
// The door is two functions: [Save] and [Load]. A saved file carries a checksum. Saving writes
// and syncs a neighbour and renames it over the file, after keeping the generation before as
// FILE.1. Loading refuses what the checksum does not confirm and then reads FILE.1, saying so.
//
// To keep another thing: give it its own file and its own type. There is no schema here; the
// caller's type is the schema. A change that old files do not fit needs a new format number.
package state
