// What the collectors gathered: families and series with their values. Series are remembered from round to round, with their text
// and their symbol numbers, so that a round in which nothing new appears allocates nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tarsier/batch_builder.hpp"

namespace tarsier::node {

struct FamilySpec {
  std::string_view name;
  std::string_view help;
  uint32_t type;                                        ///< TARSIER_SERIES_*; UNKNOWN prints as untyped
  std::initializer_list<std::string_view> labels = {};  ///< sorted
};

class Page {
 public:
  using FamilyId = uint32_t;

  /// Labels that each published series gets beside its own: job and instance.
  explicit Page(std::vector<std::pair<std::string, std::string>> target_labels) : target_labels_(std::move(target_labels)) {}

  /// The number of a family, the same for the same name.
  FamilyId family(const FamilySpec& spec);

  /// Begins a round: nothing has been seen.
  void begin_round() noexcept;
  /// One sample; label values in the order of the family's labels. Of a repeated series the first is kept.
  void add(FamilyId family, std::initializer_list<std::string_view> values, double value);
  void add(FamilyId family, double value) { add(family, {}, value); }

  /// The round as text, families sorted by name and their series by labels.
  void write_text(std::string& out);
  /// The round as samples at `time_ns`, with staleness markers for what was in the last batch and is gone. Forgets series that are
  /// neither in this round nor were in the last batch.
  void write_batch(batch::SamplesBuilder& builder, int64_t time_ns);
  /// Staleness markers for all that was in the last batch.
  void write_stale(batch::SamplesBuilder& builder, int64_t time_ns);

  size_t sample_count() const noexcept { return sample_count_; }
  size_t series_added() const noexcept { return series_added_; }

 private:
  struct Family {
    std::string name, help;
    uint32_t type;
    std::vector<std::string> labels;
  };
  struct Series {
    FamilyId family;
    std::string key;   // label values, each ended by NUL, after the family's number
    std::string text;  // name{labels}
    std::vector<uint32_t> symbols;
    double value = 0;
    uint64_t round = 0;
    bool published = false;
    bool described = false;  // metadata was sent with the series
  };
  size_t find_or_make(FamilyId family, std::initializer_list<std::string_view> values);
  void make_symbols(batch::SamplesBuilder& builder, Series& series);
  void forget_unused(batch::SamplesBuilder& builder);
  void sort();

  std::vector<std::pair<std::string, std::string>> target_labels_;
  std::vector<Family> families_;
  std::unordered_map<std::string, FamilyId> family_index_;
  std::vector<Series> series_;
  std::unordered_map<std::string, size_t> series_index_;
  std::vector<size_t> order_, next_order_;  // series by place in the last and in this round
  std::vector<size_t> sorted_;
  bool sorted_valid_ = false;
  std::string key_;
  uint64_t round_ = 0;
  uint64_t batches_ = 0;
  size_t sample_count_ = 0;
  size_t series_added_ = 0;
};

}  // namespace tarsier::node
