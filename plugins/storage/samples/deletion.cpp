#include "deletion.hpp"

#include <algorithm>

#include "bytes.hpp"
#include "summaries.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kFormat = 1;

}  // namespace

Result<Deletion> Deletion::make(uint64_t number, uint64_t flush, int64_t start, int64_t end, std::vector<Condition> conditions) {
  Deletion deletion;
  deletion.number_ = number;
  deletion.flush_ = flush;
  deletion.start_ = start;
  deletion.end_ = end;
  for (const Condition& condition : conditions) {
    auto matcher = Matcher::compile(condition.op, condition.name, condition.value);
    if (!matcher) return std::move(matcher).error();
    deletion.matchers_.push_back(std::move(*matcher));
  }
  deletion.conditions_ = std::move(conditions);
  return deletion;
}

void Deletion::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.varint(flush_);
  writer.svarint(start_);
  writer.svarint(end_);
  writer.varint(conditions_.size());
  for (const Condition& condition : conditions_) {
    writer.u8(static_cast<uint8_t>(condition.op));
    writer.text(condition.name);
    writer.text(condition.value);
  }
}

Result<Deletion> Deletion::decode(uint64_t number, std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (in.ok() && format != kFormat) {
    return Error{TARSIER_UNSUPPORTED, "deletion of format " + std::to_string(format) + ", known is " + std::to_string(kFormat)};
  }
  const uint64_t flush = in.varint();
  const int64_t start = in.svarint(), end = in.svarint();
  std::vector<Condition> conditions(static_cast<size_t>(in.count(3)));
  for (Condition& condition : conditions) {
    condition.op = in.u8();
    condition.name = in.text();
    condition.value = in.text();
  }
  if (!in.ok() || !in.at_end()) return Error{TARSIER_CORRUPT, "deletion is malformed"};
  auto made = make(number, flush, start, end, std::move(conditions));
  if (!made) return Error{TARSIER_CORRUPT, "deletion is malformed: " + made.error().message()};
  return made;
}

bool Deletion::matches(Labels labels) const {
  return std::all_of(matchers_.begin(), matchers_.end(),
                     [&](const Matcher& matcher) { return matcher.matches(label_value(labels, matcher.name())); });
}

DeletionList within(const DeletionList& deletions, int64_t start, int64_t end) {
  const auto elsewhere = [&](const auto& deletion) { return !deletion->overlaps(start, end); };
  if (std::none_of(deletions->begin(), deletions->end(), elsewhere)) return deletions;
  auto found = *deletions;
  std::erase_if(found, elsewhere);
  return std::make_shared<const std::vector<std::shared_ptr<const Deletion>>>(std::move(found));
}

uint64_t revision_without(const DeletionList& deletions, Cover cover) {
  cover.revision = 0;
  uint64_t revision = 0;
  for (const auto& deletion : *deletions) {
    if (deletion->concerns(cover)) revision = std::max(revision, deletion->number());
  }
  return revision;
}

void SeriesDeletions::find(const DeletionList& deletions, Labels labels) {
  matching_.clear();
  for (const auto& deletion : *deletions) {
    if (deletion->matches(labels)) matching_.push_back(deletion.get());
  }
}

/// A summary goes when its whole interval does: what of it is to stay cannot be told from the rest.
bool SeriesDeletions::deletes(const Cover& cover, int64_t time) const noexcept {
  int64_t first = time;
  if (cover.tier_ns != 0 && __builtin_sub_overflow(interval_end(time, cover.tier_ns), cover.tier_ns - 1, &first)) first = INT64_MIN;
  return std::any_of(matching_.begin(), matching_.end(),
                     [&](const Deletion* one) { return one->concerns(cover) && one->start() <= first && one->end() >= time; });
}

void SeriesDeletions::drop(const Cover& cover, Columns& columns, size_t from) const {
  const auto deleted = [&](int64_t time) { return deletes(cover, time); };
  const auto begin = columns.times.begin() + static_cast<ptrdiff_t>(from);
  if (matching_.empty() || std::none_of(begin, columns.times.end(), deleted)) return;
  Columns kept;
  for (size_t row = from; row < columns.size(); ++row) {
    if (!deleted(columns.times[row])) kept.append(columns.at(row));
  }
  columns.truncate(from);
  columns.append(kept, 0, kept.size());
}

}  // namespace tarsier::samples
