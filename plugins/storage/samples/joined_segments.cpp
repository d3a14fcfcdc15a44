#include "joined_segments.hpp"

#include <algorithm>
#include <numeric>

namespace tarsier::samples {

Result<JoinedSegments> JoinedSegments::open(const HeadSegments& segments, const SeriesTable& table, DeletionList deletions) {
  JoinedSegments joined(table, std::move(deletions));
  for (const auto& segment : segments) {
    auto reader = SegmentReader::open(segment);
    if (!reader) return std::move(reader).error();
    joined.readers_.push_back(std::move(*reader));
  }
  joined.open_.resize(segments.size());
  std::iota(joined.open_.begin(), joined.open_.end(), size_t{0});
  joined.current_ = joined.open_;  // each has to step to its first
  return joined;
}

Result<void> JoinedSegments::step(size_t place) {
  auto more = readers_[place].next();
  if (!more) {
    failed_ = readers_[place].file();
    return std::move(more).error();
  }
  if (!*more) std::erase(open_, place);
  return {};
}

Result<bool> JoinedSegments::next() {
  for (const size_t place : current_) {
    if (auto stepped = step(place); !stepped) return std::move(stepped).error();
  }
  current_.clear();
  SeriesKey least;
  for (const size_t place : open_) {
    const SeriesKey key = readers_[place].key();
    if (!current_.empty() && key > least) continue;
    if (!current_.empty() && key < least) current_.clear();
    least = key;
    current_.push_back(place);
  }
  return !current_.empty();
}

void JoinedSegments::find_deletions() {
  const uint32_t id = table_->find_ref(key().ref);
  labels_.clear();
  if (id != kNoSeries) table_->labels(id, labels_);
  series_deletions_.find(deletions_, labels_);
}

Result<void> JoinedSegments::samples(Columns& out) {
  if (!deletions_->empty()) find_deletions();
  for (const size_t place : current_) {
    const size_t before = out.size();
    if (auto read = readers_[place].read(out); !read) {
      failed_ = readers_[place].file();
      return read;
    }
    series_deletions_.drop(readers_[place].file()->cover(), out, before);
  }
  out.normalise();
  return {};
}

}  // namespace tarsier::samples
