#include "exemplar_answer.hpp"

namespace tarsier::samples {
namespace {

/// Labels as the table wants them; point into `encoded`.
Result<void> append_pairs(std::string_view encoded, std::vector<Label>& labels, std::vector<tarsier_pair>& pairs) {
  if (!decode_labels(encoded, labels)) return Error::internal("labels of an exemplar are malformed in memory");
  for (const auto& [name, value] : labels) pairs.push_back({str(name), str(value)});
  return {};
}

/// One series with its exemplars in the form of the table; valid until the next fill().
class ExemplarsView {
 public:
  Result<void> fill(const ExemplarBuffer::Found& found) {
    pairs_.clear();
    exemplars_.clear();
    auto done = append_pairs(found.series, labels_, pairs_);
    series_ = {};
    series_.size = sizeof(series_);
    series_.label_count = static_cast<uint32_t>(pairs_.size());
    series_.series_id = hash_labels(labels_);
    for (const auto& item : found.exemplars) {
      const size_t before = pairs_.size();
      if (done) done = append_pairs(item.labels, labels_, pairs_);
      tarsier_exemplar exemplar{};
      exemplar.size = sizeof(exemplar);
      exemplar.label_count = static_cast<uint32_t>(pairs_.size() - before);
      exemplar.time_ns = item.time;
      exemplar.value = item.value;
      exemplars_.push_back(exemplar);
    }
    const tarsier_pair* next = pairs_.data();  // they stand still from here on
    series_.labels = std::exchange(next, next + series_.label_count);
    for (tarsier_exemplar& exemplar : exemplars_) exemplar.labels = std::exchange(next, next + exemplar.label_count);
    return done;
  }
  const tarsier_series* series() const noexcept { return &series_; }
  std::span<const tarsier_exemplar> exemplars() const noexcept { return exemplars_; }

 private:
  std::vector<Label> labels_;
  std::vector<tarsier_pair> pairs_;
  std::vector<tarsier_exemplar> exemplars_;
  tarsier_series series_{};
};

}  // namespace

Result<void> answer_exemplars(const ExemplarBuffer& buffer, std::span<const Matcher> matchers, const tarsier_select& select,
                              void* user, OnExemplars on_series) {
  auto found =
      buffer.select(matchers, select.start_ns, select.end_ns, {.series = select.max_series, .exemplars = select.max_samples});
  if (!found) return std::move(found).error();
  ExemplarsView shown;
  for (const ExemplarBuffer::Found& one : *found) {
    if (select.cancel.cancelled != nullptr && select.cancel.cancelled(select.cancel.user) != 0)
      return Error{TARSIER_CANCELLED, "the query was cancelled"};
    if (auto filled = shown.fill(one); !filled) return filled;
    if (on_series(user, shown.series(), shown.exemplars().data(), shown.exemplars().size()) == 0) break;
  }
  return {};
}

}  // namespace tarsier::samples
