// ElfFile: a bounds-checked reader of 64-bit shared objects, for what must be known of a file before any of its code runs: that it
// is one for this machine and whole, its note, and what its dynamic symbol table exports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/loader/file_identity.hpp"
#include "tarsier/result.hpp"

namespace tarsier::loader {

/// The symbols that a file defines for others.
struct DynamicSymbols {
  std::vector<std::string> exported;  ///< global, weak and unique ones that are defined
  std::vector<std::string> unique;    ///< of them STB_GNU_UNIQUE: one is enough to keep the file mapped for ever
};

class ElfFile {
 public:
  /// Reads the headers. Each refusal has its own message: no regular file, not ELF, other class, other machine, no shared object,
  /// cut off, written to while it was read.
  static Result<ElfFile> open(const std::string& path);

  /// The same of bytes that were read already.
  static Result<ElfFile> parse(std::string path, const FileIdentity& identity, std::string content);

  const std::string& path() const noexcept { return path_; }
  const FileIdentity& identity() const noexcept { return identity_; }
  const std::string& content() const noexcept { return content_; }

  /// The descriptor of the first note with that owner name and type, from the section of that name, else from the program headers;
  /// NOT_FOUND when there is none.
  Result<std::string> note(const std::string& section, const std::string& owner, uint32_t type) const;
  Result<DynamicSymbols> dynamic_symbols() const;
  /// The libraries that it names in DT_NEEDED.
  Result<std::vector<std::string>> needed() const;
  /// It has the dynamic linker look for libraries relative to where it lies ($ORIGIN).
  bool looks_around_itself() const;

 private:
  struct Section {
    std::string name;
    uint32_t type;
    uint32_t link;
    uint64_t offset;
    uint64_t size;
  };
  struct Segment {
    uint32_t type;
    uint64_t offset;
    uint64_t size;
  };

  ElfFile(std::string path, FileIdentity identity, std::string content)
      : path_(std::move(path)), identity_(identity), content_(std::move(content)) {}
  Result<void> read_header();
  Result<void> read_segments(uint64_t offset, uint64_t count);
  Result<void> read_sections(uint64_t offset, uint64_t count, uint64_t names);
  Error cut_off(const std::string& what) const;
  bool holds(uint64_t offset, uint64_t size) const noexcept {
    return offset <= content_.size() && size <= content_.size() - offset;
  }
  template <class T>
  T at(uint64_t offset) const noexcept;
  std::string text_at(const Section& table, uint64_t offset) const;
  const Section* find(uint32_t type) const noexcept;
  /// The strings of the dynamic section's entries that `wanted` takes by their tag.
  template <class Wanted>
  Result<std::vector<std::string>> dynamic_strings(Wanted wanted) const;

  std::string path_;
  FileIdentity identity_;
  std::string content_;
  std::vector<Section> sections_;
  std::vector<Segment> segments_;
};

}  // namespace tarsier::loader
