#include "replay.hpp"

#include <array>

namespace tarsier::samples {
namespace {

constexpr size_t kAhead = 6;             // series
constexpr size_t kDefinitionsAhead = 4;  // they touch a place for each label

}  // namespace

/// The symbols of the record's labels and the hashes of its label sets.
void Replay::Definitions::intern(const JournaledSeries& found) {
  symbols_.clear();
  text_hashes_.clear();
  for (const std::string_view text : found.texts) {
    text_hashes_.push_back(hash_text(text));
    symbols_.push_back(head_.table().symbols().intern(text, text_hashes_.back()));
  }
  pairs_.clear();
  for (const uint32_t text : found.pairs) pairs_.push_back(symbols_[text]);
  label_hashes_.clear();
  for (size_t at = 0; at < found.size(); ++at) {
    const auto texts = found.pairs_of(at, found.pairs);
    uint64_t hash = kLabelHashSeed;
    for (size_t i = 0; i < texts.size(); i += 2) hash = fold_hash(hash, text_hashes_[texts[i]], text_hashes_[texts[i + 1]]);
    label_hashes_.push_back(hash);
  }
}

/// Series lie scattered in the table and in the postings, so that each waits for memory; what comes next is fetched meanwhile.
void Replay::Definitions::series(const JournaledSeries& found) {
  intern(found);
  SeriesTable& table = head_.table();
  table.reserve(table.size() + static_cast<uint32_t>(found.size()));
  for (size_t at = 0; at < found.size(); ++at) {
    if (const size_t next = at + kDefinitionsAhead; next < found.size())
      table.prefetch(label_hashes_[next], found.pairs_of(next, pairs_));
    add(found.refs[at], label_hashes_[at], found.pairs_of(at, pairs_));
  }
}

void Replay::Definitions::add(uint64_t ref, uint64_t hash, std::span<const uint32_t> pairs) {
  SeriesTable& table = head_.table();
  head_.reserve_refs(ref);
  uint32_t id = table.find(hash, pairs);
  if (id == kNoSeries) id = table.add(hash, ref, pairs);
  table[id].defined_in = kBeforeAll;
  if (table[id].ref != ref) other_refs_[ref] = id;
}

void Replay::Definitions::metadata(std::string_view metric, Metadata metadata) {
  (void)metadata_.set(metric, std::move(metadata));  // whether it is news is of no interest here
}

void Replay::Definitions::exemplar(std::string_view series, const Exemplar& exemplar) {
  if (exemplars_.most() != 0) (void)exemplars_.add(series, exemplar);  // refused as it was the first time
}

uint32_t Replay::Definitions::find(uint64_t ref) {
  const SeriesTable& table = head_.table();
  if (last_ + 1 < table.size() && table[last_ + 1].ref == ref) return ++last_;
  uint32_t low = 0, high = table.size();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (table[middle].ref < ref) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < table.size() && table[low].ref == ref) return last_ = low;
  const auto other = other_refs_.find(ref);
  return other == other_refs_.end() ? kNoSeries : other->second;
}

/// A batch mostly holds the series of an earlier one in the same order.
uint32_t Replay::Samples::find_or_add(uint64_t ref) {
  if (last_ + 1 < refs_.size() && refs_[last_ + 1] == ref) return ++last_;
  const auto [found, fresh] = by_ref_.try_emplace(ref, size());
  if (fresh) {
    refs_.push_back(ref);
    chunks_.push_back({});
  }
  return last_ = found->second;
}

/// A record has few samples of many series, so that each waits for the memory of its chunk; what comes next is fetched meanwhile.
void Replay::Samples::samples(const JournaledSamples& samples) {
  places_.clear();
  for (const uint64_t ref : samples.refs) places_.push_back(find_or_add(ref));
  size_t row = 0;
  for (size_t at = 0; at < places_.size(); ++at) {
    if (at + 2 * kAhead < places_.size()) chunks_[places_[at + 2 * kAhead]].prefetch();
    if (at + kAhead < places_.size()) chunks_[places_[at + kAhead]].prefetch_end();
    SeriesChunks& chunks = chunks_[places_[at]];
    for (uint32_t left = samples.counts[at]; left != 0; --left)
      (void)chunks.insert(samples.rows.at(row++), window_);  // what came twice was journaled twice
  }
}

Result<void> Replay::define(SeriesCatalog& catalog, Journal& journal) {
  if (auto loaded = catalog.load(labels_); !loaded) return loaded;
  catalogued_ = head_.table().size();
  return journal.replay_definitions(labels_);
}

Result<void> Replay::join(Journal& journal) {
  uint64_t unknown = 0;
  for (uint32_t at = 0; at < samples_.size(); ++at) {
    SeriesChunks& chunks = samples_.chunks(at);
    const uint32_t id = labels_.find(samples_.ref(at));
    if (id == kNoSeries) {
      unknown += chunks.sample_count();
      head_.reserve_refs(samples_.ref(at));
      continue;
    }
    if (auto adopted = head_.adopt(head_.table()[id], std::move(chunks)); !adopted) return adopted;
  }
  head_.count_inserted();
  if (unknown != 0) journal.note_undefined(unknown);
  return {};
}

Result<void> Replay::run(SeriesCatalog& catalog, Journal& journal, const ParallelFor& parallel_for) {
  std::array<Result<void>, 2> outcomes;
  parallel_for(outcomes.size(),
               [&](uint64_t part) { outcomes[part] = part == 0 ? define(catalog, journal) : journal.replay_samples(samples_); });
  for (auto& outcome : outcomes) {
    if (!outcome) return std::move(outcome);
  }
  journal.end_replay();
  return join(journal);
}

}  // namespace tarsier::samples
