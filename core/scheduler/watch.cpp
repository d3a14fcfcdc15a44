#include "core/scheduler/watch.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace tarsier::scheduler {

namespace {

namespace fs = std::filesystem;

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string absolute(const std::string& path) {
  std::error_code ignored;  // fails only when the working directory is gone; the path then stays relative
  const fs::path full = fs::absolute(path, ignored);
  return without_trailing_slash(ignored ? path : full.lexically_normal().string());
}

/// The directory itself, or its nearest ancestor that exists.
std::string existing(fs::path directory) {
  std::error_code error;
  while (directory.has_relative_path() && !fs::is_directory(directory, error)) directory = directory.parent_path();
  return directory.string();
}

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

std::optional<FileState> FileState::of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileState{status.st_dev,
                   status.st_ino,
                   nanoseconds(status.st_mtim),
                   nanoseconds(status.st_ctim),
                   static_cast<uint64_t>(status.st_size),
                   S_ISDIR(status.st_mode)};
}

WatchedPath::WatchedPath(const std::string& path)
    : path_(absolute(path)), parent_(fs::path(path_).parent_path().string()), name_(fs::path(path_).filename().string()) {
  changes(true);
}

std::vector<std::string> WatchedPath::anchors() const {
  std::set<std::string> directories{existing(parent_)};
  std::error_code error;
  if (state_ && state_->directory) directories.insert(path_);
  if (fs::is_symlink(path_, error)) {
    const fs::path target = fs::canonical(path_, error);
    if (!error) directories.insert(existing(target.parent_path()));
  }
  return {directories.begin(), directories.end()};
}

void WatchedPath::touched(const std::string& anchor, const std::string& name) {
  if (anchor == path_) {
    touched_entries_.insert(name);
  } else if (anchor == parent_ && name == name_) {
    touched_self_ = true;
  }
}

std::map<std::string, uint32_t> WatchedPath::changes(bool all) {
  Events events;
  const std::optional<FileState> now = FileState::of(path_);
  const bool directory = (now && now->directory) || (!now && state_ && state_->directory);
  if (!directory) {
    compare(path_, state_, touched_self_, events);
  } else {
    const bool other = !now || !state_ || now->inode != state_->inode || now->device != state_->device;
    state_ = now;
    if (all || other || touched_self_) {
      compare_all_entries(events);
    } else {
      for (const std::string& name : touched_entries_) compare_entry(name, true, events);
    }
  }
  touched_entries_.clear();
  touched_self_ = false;
  return events;
}

void WatchedPath::compare(const std::string& path, std::optional<FileState>& known, bool was_touched, Events& events) {
  std::optional<FileState> now = FileState::of(path);
  if (now && !known) {
    events[path] |= TARSIER_WATCH_CREATED;
  } else if (!now && known) {
    events[path] |= TARSIER_WATCH_REMOVED;
  } else if (now && (was_touched || *now != *known)) {
    events[path] |= TARSIER_WATCH_CHANGED;
  }
  known = now;
}

void WatchedPath::compare_entry(const std::string& name, bool was_touched, Events& events) {
  const auto found = entries_.find(name);
  std::optional<FileState> known;
  if (found != entries_.end()) known = found->second;
  compare(path_ + "/" + name, known, was_touched, events);
  if (known) {
    entries_.insert_or_assign(name, *known);
  } else if (found != entries_.end()) {
    entries_.erase(found);
  }
}

void WatchedPath::compare_all_entries(Events& events) {
  std::set<std::string> names(touched_entries_);
  for (const auto& [name, state] : entries_) names.insert(name);
  std::error_code error;  // a directory that cannot be read has no entries: they are reported as removed
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error))
    names.insert(entry->path().filename().string());
  for (const std::string& name : names) compare_entry(name, touched_entries_.contains(name), events);
}

}  // namespace tarsier::scheduler
