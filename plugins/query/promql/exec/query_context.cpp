#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {

bool QueryContext::stopped() const noexcept {
  if (broken()) return true;
  if (cancel.cancelled != nullptr && cancel.cancelled(cancel.user) != 0) return true;
  return deadline_ns != 0 && mono_ns && mono_ns() >= deadline_ns;
}

Result<void> QueryContext::check() const {
  if (failed_.load(std::memory_order_acquire)) return Error(*failure_);
  if (too_many_.load(std::memory_order_relaxed))
    return Error(TARSIER_RESOURCE, "query processing would load too many samples into memory in query execution");
  if (cancel.cancelled != nullptr && cancel.cancelled(cancel.user) != 0)
    return Error(TARSIER_CANCELLED, "query was canceled in expression evaluation");
  if (deadline_ns != 0 && mono_ns && mono_ns() >= deadline_ns)
    return Error(TARSIER_DEADLINE, "query timed out in expression evaluation");
  return {};
}

tarsier_cancel QueryContext::store_cancel() noexcept {
  return {this, [](void* user) { return static_cast<const QueryContext*>(user)->stopped() ? 1 : 0; }};
}

void QueryContext::fail(Error error) {
  const std::lock_guard lock(annotations_);
  if (failure_) return;
  failure_ = std::move(error);
  failed_.store(true, std::memory_order_release);
}

Result<void> QueryContext::hold(uint64_t samples) {
  const uint64_t now = held_.fetch_add(samples, std::memory_order_relaxed) + samples;
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  if (now > limits.max_samples) too_many_.store(true, std::memory_order_relaxed);
  return check();
}

Result<void> QueryContext::room_for(uint64_t samples) {
  if (!has_room_for(samples)) too_many_.store(true, std::memory_order_relaxed);
  return check();
}

void QueryContext::annotate(Annotations& annotations, std::string_view prefix, std::string_view text, Position position) {
  std::string full = std::string(prefix) + std::string(text);
  const std::lock_guard lock(annotations_);
  const auto [entry, is_new] = annotations.try_emplace(std::move(full));
  if (is_new) entry->second = entry->first + " (" + line_column(query, position.start) + ")";
}

std::vector<std::string> QueryContext::texts_of(const Annotations& annotations) {
  std::vector<std::string> texts;
  texts.reserve(annotations.size());
  for (const auto& [key, text] : annotations) texts.push_back(text);
  return texts;
}

tarsier_warnings QueryContext::store_warnings() noexcept {
  return {this, [](void* user, tarsier_str text) { static_cast<QueryContext*>(user)->add_warning(std::string(view(text))); }};
}

void QueryContext::add_warning(std::string text) {
  const std::lock_guard lock(annotations_);
  warnings_.try_emplace(text, text);
}

}  // namespace tarsier::promql
