// Names and covers of sealed environments. A cover says what an environment holds: everything of a span of time that came through a
// range of flushes. Two environments never hold parts of the same: one cover lies within the other, or they are about different
// samples.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::samples {

struct Cover {
  int64_t begin = 0;  // ns
  int64_t end = 0;    // ns, exclusive; the highest time there is belongs to it
  uint64_t first_flush = 0;
  uint64_t last_flush = 0;
  /// It was written without what deletions up to this number delete. Of two that hold the same the higher one is newer.
  uint64_t revision = 0;

  bool holds_the_same(const Cover& other) const noexcept {
    return begin == other.begin && end == other.end && first_flush == other.first_flush && last_flush == other.last_flush;
  }
  bool lies_within(const Cover& other) const noexcept {
    if (holds_the_same(other)) return revision <= other.revision;
    return begin >= other.begin && end <= other.end && first_flush >= other.first_flush && last_flush <= other.last_flush;
  }
  bool operator==(const Cover&) const = default;
};

struct NamedCover {
  std::string name;
  Cover cover;
};

/// "samples/2026-11-22T1000.2h.4-7": begin and length of the span, first and last flush; then ".r3", the revision, unless it is 0.
/// Different covers have different names.
std::string partition_name(const Cover& cover);
/// False when it is no partition's name.
bool parse_partition_name(std::string_view name, Cover& cover);

/// What a crash left: the names of those whose cover lies within another's, which therefore holds all that they hold. Of equal
/// covers the one that comes last stays, so head segments are to be listed before partitions.
std::vector<std::string> obsolete(std::span<const NamedCover> all);

}  // namespace tarsier::samples
