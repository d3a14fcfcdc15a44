// ElfFile: a bounds-checked reader of 64-bit shared objects, for what must be known of a file before any of its code runs: that it
// is one for this machine and whole, its note, and what its dynamic symbol table exports. Only these parts of the file are read,
// and they are read, not mapped: a file that is being cut while we look at it must not end in SIGBUS.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/loader/file_identity.hpp"
#include "tarsier/result.hpp"

namespace tarsier::loader {

/// The symbols that a file defines for others.
struct DynamicSymbols {
  std::vector<std::string> exported;  ///< global, weak and unique ones that are defined
  std::vector<std::string> unique;    ///< of them STB_GNU_UNIQUE: one is enough to keep the file mapped for ever
};

/// Closes what it holds.
class OpenFile {
 public:
  explicit OpenFile(int fd = -1) noexcept : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OpenFile();
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

class ElfFile {
 public:
  /// Reads the headers, and keeps the file open. Each refusal has its own message: no regular file, not ELF, other class, other
  /// machine, no shared object, cut off, written to while it was read.
  static Result<ElfFile> open(const std::string& path);

  /// The same of bytes in memory.
  static Result<ElfFile> parse(std::string path, std::string content);

  const std::string& path() const noexcept { return path_; }
  const FileIdentity& identity() const noexcept { return identity_; }
  /// Of the file that was opened; it stays open as long as this.
  int descriptor() const noexcept { return file_.get(); }
  /// UNAVAILABLE when the file was written to since it was opened.
  Result<void> unchanged() const;

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

  ElfFile(std::string path, FileIdentity identity, OpenFile file, std::string content)
      : path_(std::move(path)), identity_(identity), file_(std::move(file)), content_(std::move(content)) {}
  Result<void> read_header();
  Result<void> read_segments(uint64_t offset, uint64_t count);
  Result<void> read_sections(uint64_t offset, uint64_t count, uint64_t names);
  Error cut_off(const std::string& what) const;
  bool holds(uint64_t offset, uint64_t size) const noexcept { return offset <= identity_.size && size <= identity_.size - offset; }
  /// These bytes of the file; `what` is for the message.
  Result<std::string> read(uint64_t offset, uint64_t size, const std::string& what) const;
  /// The bytes of a section that others point into; "" for one without text.
  Result<std::string> texts(uint64_t section) const;
  const Section* find(uint32_t type) const noexcept;
  /// The strings of the dynamic section's entries that `wanted` takes by their tag.
  template <class Wanted>
  Result<std::vector<std::string>> dynamic_strings(Wanted wanted) const;

  std::string path_;
  FileIdentity identity_;
  OpenFile file_;
  std::string content_;  // of what was not opened
  std::vector<Section> sections_;
  std::vector<Segment> segments_;
};

}  // namespace tarsier::loader
