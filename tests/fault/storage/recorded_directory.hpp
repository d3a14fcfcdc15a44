// RecordedDirectory: everything that happens to a directory, names and contents, so that a test can put together what a power cut
// at any moment may have left of it: what was synced is there; of the rest any part may be. A sync that failed makes nothing safe,
// also not for a later one: the system takes the pages for clean.
//
// Of names those are safe whose directory was synced after they changed; of the others the first so many, in the order in which
// they changed. A rename is done or not.
#pragma once

#include <compare>
#include <map>
#include <random>

#include "tests/fault/storage/faulty_disk.hpp"

namespace tarsier::storage::testing {

class RecordedDirectory {
 public:
  /// Begins to record; the directory is empty.
  explicit RecordedDirectory(std::string path);
  RecordedDirectory(const RecordedDirectory&) = delete;
  RecordedDirectory& operator=(const RecordedDirectory&) = delete;
  ~RecordedDirectory();
  void stop();

  const std::vector<DiskEvent>& events() const noexcept { return events_; }
  /// `target`: an empty directory. The cut comes before event `cut`; of what is not synced about `keep_percent` of the sectors are
  /// kept.
  void put_together(const std::string& target, size_t cut, unsigned keep_percent, std::mt19937& random) const;

 private:
  struct FileId {
    ino_t inode = 0;
    int64_t born = 0;
    auto operator<=>(const FileId&) const = default;
  };
  struct Child {
    FileId id;
    bool is_directory = false;
    auto operator<=>(const Child&) const = default;
  };
  using Names = std::map<std::pair<FileId, std::string>, Child>;  // by directory and name
  static constexpr size_t kAlone = SIZE_MAX;
  struct Change {
    size_t at;  // before this event
    FileId directory;
    std::string name;
    bool removed;
    Child child;
    size_t with = kAlone;  // of what a rename removed: the change that added it
  };

  static Child look(const std::string& path);
  static FileId file_of(const DiskEvent& event) { return {event.file, event.born}; }
  void walk(const std::string& path, FileId directory, Names& names) const;
  void note_names(size_t at);
  void index();
  bool synced(FileId file, size_t from, size_t cut) const;
  Names names_after(size_t cut, std::mt19937& random) const;
  std::string contents_after(FileId file, size_t cut, unsigned keep_percent, std::mt19937& random) const;

  const std::string path_;
  FileId root_;
  Names now_;
  std::vector<Change> changes_;
  std::vector<DiskEvent> events_;
  std::map<FileId, std::vector<size_t>> writes_, syncs_;  // numbers of events
  bool recording_ = true;
};

}  // namespace tarsier::storage::testing
