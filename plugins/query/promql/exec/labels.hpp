// The labels of a series: one immutable, reference-counted block, sorted by name, with a hash for each pair, so that grouping by
// some of them touches no text. Sets that a query makes up, and those made of them, count against its limit while anybody has them.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/query/promql/exec/query_context.hpp"
#include "tarsier/abi.h"

namespace tarsier::promql {

inline constexpr std::string_view kMetricName = "__name__";
using LabelView = std::pair<std::string_view, std::string_view>;

class Labels {
 public:
  Labels() = default;
  Labels(const Labels& other) noexcept : block_(other.block_) { retain(); }
  Labels(Labels&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Labels& operator=(Labels other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Labels() { release(); }

  /// `pairs` sorted by name, without empty values. `counted_by`: the query whose limit they count against; it outlives them. Once
  /// they are too much its check() says so.
  static Labels from(std::span<const LabelView> pairs, QueryContext* counted_by = nullptr);
  static Labels from(const tarsier_pair* pairs, size_t count);

  size_t size() const noexcept { return block_ ? block_->count : 0; }
  bool empty() const noexcept { return size() == 0; }
  std::string_view name(size_t i) const noexcept { return {text() + entry(i).name_at, entry(i).name_size}; }
  std::string_view value(size_t i) const noexcept { return {text() + entry(i).value_at, entry(i).value_size}; }
  /// Of the pair at `i`: name and value together.
  uint64_t pair_hash(size_t i) const noexcept { return entry(i).hash; }
  /// "" when absent.
  std::string_view get(std::string_view wanted) const noexcept;
  /// The index of a label, size() when absent.
  size_t find(std::string_view wanted) const noexcept;
  uint64_t hash() const noexcept { return block_ ? block_->hash : 0; }
  QueryContext* counted_by() const noexcept { return block_ ? block_->held.context() : nullptr; }

  friend bool operator==(const Labels& a, const Labels& b) noexcept;
  /// As the original sorts: by pairs of name and value.
  friend bool operator<(const Labels& a, const Labels& b) noexcept;

  /// {__name__="up", job="node"}
  std::string text_form() const;

 private:
  friend class LabelsBuilder;
  friend struct Signature;
  /// A pair with its hash, when that is known; 0: it is not.
  struct Pair {
    std::string_view name, value;
    uint64_t hash = 0;
  };
  Pair pair(size_t i) const noexcept { return {name(i), value(i), pair_hash(i)}; }
  /// `pairs` as in from().
  static Labels made_of(std::span<const Pair> pairs, QueryContext* counted_by);

  struct Entry {
    uint64_t hash;
    uint32_t name_at, name_size, value_at, value_size;
  };
  struct Block {
    std::atomic<uint32_t> references;
    uint32_t count;
    uint64_t hash;
    Held held;
  };
  const Entry& entry(size_t i) const noexcept { return reinterpret_cast<const Entry*>(block_ + 1)[i]; }
  const char* text() const noexcept {
    return reinterpret_cast<const char*>(reinterpret_cast<const Entry*>(block_ + 1) + block_->count);
  }
  void retain() const noexcept {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

  Block* block_ = nullptr;
};

/// Mixes the hash of one pair into the hash of a set: order does not matter.
constexpr uint64_t mix_pair(uint64_t set, uint64_t pair) noexcept { return set + pair * 0x9e3779b97f4a7c15ULL; }

/// What a sample weighs, for what is not made of samples.
inline constexpr uint64_t kBytesOfSample = 16;

/// Makes label sets from others. The base, and what is set, must outlive build(). What is made counts against a query's limit when
/// it is told which, or when the base does.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base, QueryContext* counted_by = nullptr);
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void keep_only(const std::vector<std::string>& names);
  std::string_view get(std::string_view name) const;
  Labels build() const { return Labels::made_of(pairs_, counted_by_); }

 private:
  std::vector<Labels::Pair>::iterator place_of(std::string_view name);

  std::vector<Labels::Pair> pairs_;  // by name
  QueryContext* counted_by_ = nullptr;
};

/// Which labels make series belong together: those listed, or all but those listed and the name.
struct Signature {
  bool listed = true;               // by / on; otherwise without / ignoring
  std::vector<std::string> labels;  // sorted

  uint64_t hash(const Labels& labels) const;
  bool equal(const Labels& a, const Labels& b) const;
  Labels project(const Labels& labels) const;

 private:
  /// Goes through the labels of a set that are taken, in their order.
  class Cursor {
   public:
    Cursor(const Signature& signature, const Labels& set) : signature_(signature), set_(set) { find(); }
    /// Of the label that it stands at; the size of the set when there is none any more.
    size_t at() const noexcept { return at_; }
    void next() {
      ++at_;
      find();
    }

   private:
    void find();
    const Signature& signature_;
    const Labels& set_;
    size_t at_ = 0;
    size_t listed_ = 0;  // of the signature's labels, those before it are done with
  };
};

/// Numbers label sets (or what a signature takes of them) 0, 1, 2, ... in the order of their first appearance.
class LabelIndex {
 public:
  explicit LabelIndex(const Signature* signature = nullptr, size_t expected = 16);
  /// The number, and whether it is new.
  std::pair<uint32_t, bool> add(const Labels& labels);
  /// The number of an equal set, or kNone.
  uint32_t find(const Labels& labels) const;
  size_t size() const noexcept { return sets_.size(); }
  const Labels& first(uint32_t number) const { return sets_[number]; }
  static constexpr uint32_t kNone = UINT32_MAX;

 private:
  uint64_t hash_of(const Labels& labels) const { return signature_ ? signature_->hash(labels) : labels.hash(); }
  bool equal(const Labels& a, const Labels& b) const { return signature_ ? signature_->equal(a, b) : a == b; }
  size_t slot_of(const Labels& labels, uint64_t hash) const;
  void grow();

  const Signature* signature_;
  std::vector<uint32_t> slots_;
  std::vector<uint64_t> hashes_;
  std::vector<Labels> sets_;
};

}  // namespace tarsier::promql
