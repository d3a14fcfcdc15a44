#include "tests/fault/storage/recorded_directory.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <utility>

namespace tarsier::storage::testing {
namespace {

constexpr size_t kSector = 512;

}  // namespace

RecordedDirectory::RecordedDirectory(std::string path) : path_(std::move(path)), root_(look(path_).id) {
  FaultyDisk::watch([this](size_t recorded) { note_names(recorded); });
  FaultyDisk::record();
}

RecordedDirectory::~RecordedDirectory() { stop(); }

void RecordedDirectory::stop() {
  if (!std::exchange(recording_, false)) return;
  events_ = FaultyDisk::stop_recording();
  FaultyDisk::watch(nullptr);
  index();
}

/// Its number is 0 when it has gone.
RecordedDirectory::Child RecordedDirectory::look(const std::string& path) {
  struct statx found{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_TYPE | STATX_BTIME, &found) != 0) return {};
  const int64_t born = found.stx_btime.tv_sec * 1'000'000'000 + found.stx_btime.tv_nsec;
  return {{found.stx_ino, born}, S_ISDIR(found.stx_mode)};
}

/// What vanishes meanwhile is not there.
void RecordedDirectory::walk(const std::string& path, FileId directory, Names& names) const {
  std::error_code gone;
  for (auto it = std::filesystem::directory_iterator(path, gone); !gone && it != std::filesystem::directory_iterator();
       it.increment(gone)) {
    const Child child = look(it->path().native());
    if (child.id.inode == 0) continue;
    names[{directory, it->path().filename().native()}] = child;
    if (child.is_directory) walk(it->path().native(), child.id, names);
  }
}

/// Compares the names with those before: first what was added, so that what was moved is known when it is missed.
void RecordedDirectory::note_names(size_t at) {
  Names names;
  walk(path_, root_, names);
  if (names == now_) return;
  std::map<FileId, size_t> added;
  for (const auto& [place, child] : names) {
    const auto before = now_.find(place);
    if (before != now_.end() && before->second == child) continue;
    added[child.id] = changes_.size();
    changes_.push_back({at, place.first, place.second, false, child});
  }
  for (const auto& [place, child] : now_) {
    if (names.contains(place)) continue;
    const auto moved = added.find(child.id);
    changes_.push_back({at, place.first, place.second, true, child, moved == added.end() ? kAlone : moved->second});
  }
  now_ = std::move(names);
}

void RecordedDirectory::index() {
  for (size_t i = 0; i < events_.size(); ++i) {
    auto& of = events_[i].kind == DiskEvent::Kind::kWrite ? writes_ : syncs_;
    of[file_of(events_[i])].push_back(i);
  }
}

/// What was changed before event `from` was safe before event `cut`: the first sync after it did not fail.
bool RecordedDirectory::synced(FileId file, size_t from, size_t cut) const {
  const auto syncs = syncs_.find(file);
  if (syncs == syncs_.end()) return false;
  const auto first = std::lower_bound(syncs->second.begin(), syncs->second.end(), from);
  return first != syncs->second.end() && *first < cut && events_[*first].kind == DiskEvent::Kind::kSync;
}

RecordedDirectory::Names RecordedDirectory::names_after(size_t cut, std::mt19937& random) const {
  const auto end = std::find_if(changes_.begin(), changes_.end(), [&](const Change& change) { return change.at > cut; });
  const auto count = static_cast<size_t>(end - changes_.begin());
  size_t kept = count;
  if (random() % 2 != 0) kept -= std::min<size_t>(count, random() % 12);
  std::vector<bool> survives(count);
  Names names;
  for (size_t i = 0; i < count; ++i) {
    const Change& change = changes_[i];
    survives[i] = change.with != kAlone ? survives[change.with] : i < kept || synced(change.directory, change.at, cut);
    if (!survives[i]) continue;
    if (change.removed) {
      const auto place = names.find({change.directory, change.name});
      if (place != names.end() && place->second == change.child) names.erase(place);
    } else {
      names[{change.directory, change.name}] = change.child;
    }
  }
  return names;
}

std::string RecordedDirectory::contents_after(FileId file, size_t cut, unsigned keep_percent, std::mt19937& random) const {
  std::string contents;
  const auto writes = writes_.find(file);
  if (writes == writes_.end()) return contents;
  for (const size_t number : writes->second) {
    if (number >= cut) break;
    const DiskEvent& event = events_[number];
    const bool safe = event.synced || synced(file, number + 1, cut);
    for (size_t at = 0; at < event.data.size(); at += kSector) {
      if (!safe && random() % 100 >= keep_percent) continue;
      const size_t size = std::min(kSector, event.data.size() - at);
      contents.resize(std::max(contents.size(), event.offset + at + size), '\0');
      contents.replace(event.offset + at, size, event.data, at, size);
    }
  }
  return contents;
}

void RecordedDirectory::put_together(const std::string& target, size_t cut, unsigned keep_percent, std::mt19937& random) const {
  const Names names = names_after(cut, random);
  std::map<FileId, std::string> made;  // a file may have several names
  const auto put = [&](const auto& self, FileId directory, const std::string& path) -> void {
    for (auto at = names.lower_bound({directory, ""}); at != names.end() && at->first.first == directory; ++at) {
      const std::string to = path + "/" + at->first.second;
      const Child& child = at->second;
      if (child.is_directory) {
        std::filesystem::create_directory(to);
        self(self, child.id, to);
      } else if (const auto same = made.find(child.id); same != made.end()) {
        std::filesystem::create_hard_link(same->second, to);
      } else {
        std::ofstream(to, std::ios::binary) << contents_after(child.id, cut, keep_percent, random);
        made.emplace(child.id, to);
      }
    }
  };
  put(put, root_, target);
}

}  // namespace tarsier::storage::testing
