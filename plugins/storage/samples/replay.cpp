#include "replay.hpp"

#include <array>

namespace tarsier::samples {

void Replay::Definitions::symbols(std::span<const std::string_view> texts) {
  numbers_.clear();
  hashes_.clear();
  for (const std::string_view text : texts) {
    hashes_.push_back(hash_text(text));
    numbers_.push_back(head_.table().symbols().intern(text, hashes_.back()));
  }
}

void Replay::Definitions::series(uint64_t ref, std::span<const uint32_t> pairs) {
  SeriesTable& table = head_.table();
  pairs_.clear();
  uint64_t hash = kLabelHashSeed;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    hash = fold_hash(hash, hashes_[pairs[i]], hashes_[pairs[i + 1]]);
    pairs_.push_back(numbers_[pairs[i]]);
    pairs_.push_back(numbers_[pairs[i + 1]]);
  }
  head_.reserve_refs(ref);
  uint32_t id = table.find(hash, pairs_);
  if (id == kNoSeries) id = table.add(hash, ref, pairs_);
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
  if (last_ + 1 < entries_.size() && entries_[last_ + 1].ref == ref) return ++last_;
  const auto [found, fresh] = by_ref_.try_emplace(ref, entries_.size());
  if (fresh) entries_.push_back({ref, {}});
  return last_ = found->second;
}

void Replay::Samples::sample(uint64_t ref, const Sample& sample) {
  (void)entries_[find_or_add(ref)].chunks.insert(sample, window_);  // what came twice was journaled twice
}

Result<void> Replay::define(SeriesCatalog& catalog, Journal& journal) {
  if (auto loaded = catalog.load(labels_); !loaded) return loaded;
  catalogued_ = head_.table().size();
  return journal.replay_definitions(labels_);
}

Result<void> Replay::join(Journal& journal) {
  uint64_t unknown = 0;
  auto& entries = samples_.entries();
  for (uint32_t at = 0; at < entries.size(); ++at) {
    const uint32_t id = labels_.find(entries[at].ref);
    if (id == kNoSeries) {
      unknown += entries[at].chunks.sample_count();
      head_.reserve_refs(entries[at].ref);
      continue;
    }
    if (auto adopted = head_.adopt(head_.table()[id], std::move(entries[at].chunks)); !adopted) return adopted;
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
