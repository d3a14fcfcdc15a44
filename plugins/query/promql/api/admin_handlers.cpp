// /admin/tsdb/delete_series, /admin/tsdb/clean_tombstones, /admin/tsdb/snapshot, /-/flush: what changes the store.
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/parameters.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

void refuse_change(const http::Exchange& exchange, const Error& error) {
  switch (error.code()) {
    case TARSIER_INVALID:
      return refuse(exchange, 400, "bad_data", error.message());
    case TARSIER_UNSUPPORTED:
      return refuse(exchange, 501, "not_implemented", error.message());
    case TARSIER_RESOURCE:
      return refuse(exchange, 500, "internal", error.message());
    default:
      return refuse(exchange, error);
  }
}

Error not_offered(std::string_view what) { return {TARSIER_UNSUPPORTED, "the samples store in use does not " + std::string(what)}; }

void answer_nothing(const http::Exchange& exchange) { exchange.api()->respond(exchange.raw(), 204, nullptr, 0, bytes("")); }

Result<void> delete_selected(const tarsier_samples_store& store, const SeriesParameters& parameters,
                             const std::vector<Matcher>& list) {
  std::vector<tarsier_matcher> matchers;
  matchers.reserve(list.size());
  for (const Matcher& matcher : list)
    matchers.push_back({static_cast<tarsier_match_op>(matcher.op), 0, str(matcher.name), str(matcher.value)});
  tarsier_select select{};
  select.size = sizeof(select);
  select.matcher_count = static_cast<uint32_t>(matchers.size());
  select.matchers = matchers.data();
  select.start_ns = parameters.start_ns;
  select.end_ns = parameters.end_ns;
  select.function = str("");
  tarsier_error error = empty_error();
  return Result<void>::from_c(store.delete_samples(store.self, &select, &error), error);
}

}  // namespace

/// Whether administration is on; answers when it is not.
bool Api::admin_is_on(const Exchange& exchange) const {
  if (admin_) return true;
  refuse(exchange, 500, "unavailable", "admin APIs disabled");  // the original's code

  return false;
}

void Api::delete_samples(const Request& request, const Exchange& exchange) {
  if (!admin_is_on(exchange)) return;
  const http::Form form(request);
  if (!form.has("match[]")) return refuse(exchange, 400, "bad_data", "no match[] parameter provided");
  SeriesParameters parameters;
  if (auto bad = read_series_parameters(form, parameters)) return refuse(exchange, *bad);
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  if (!TARSIER_HAS(&**store, delete_samples) || (*store)->delete_samples == nullptr)
    return refuse_change(exchange, not_offered("delete samples"));
  for (const auto& list : parameters.matchers) {
    if (auto deleted = delete_selected(**store, parameters, list); !deleted) return refuse_change(exchange, deleted.error());
  }
  answer_nothing(exchange);
}

void Api::clean_deleted(const Request&, const Exchange& exchange) {
  if (!admin_is_on(exchange)) return;
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  if (!TARSIER_HAS(&**store, clean_deleted) || (*store)->clean_deleted == nullptr)
    return refuse_change(exchange, not_offered("clean what was deleted"));
  tarsier_error error = empty_error();
  const auto cleaned = Result<void>::from_c((*store)->clean_deleted((*store)->self, &error), error);
  if (!cleaned) return refuse_change(exchange, cleaned.error());
  answer_nothing(exchange);
}

void Api::snapshot(const Request& request, const Exchange& exchange) {
  if (!admin_is_on(exchange)) return;
  const http::Form form(request);
  const std::string_view text = form.get("skip_head");
  const auto skip_head = text.empty() ? false : read_bool(text);
  if (!skip_head)
    return refuse_parameter(exchange, "skip_head",
                            "unable to parse boolean strconv.ParseBool: parsing " + quote(text) + ": invalid syntax");
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  if (!TARSIER_HAS(&**store, snapshot) || (*store)->snapshot == nullptr)
    return refuse_change(exchange, not_offered("make snapshots"));
  std::string name;
  tarsier_error error = empty_error();
  const tarsier_status status =
      (*store)->snapshot((*store)->self, *skip_head ? TARSIER_SNAPSHOT_WITHOUT_MEMORY : 0, &name,
                         [](void* user, tarsier_str made, tarsier_str) { *static_cast<std::string*>(user) = view(made); }, &error);
  if (status != TARSIER_OK) return refuse_change(exchange, Error::from_c(status, error));
  answer(exchange, [&](json::Writer& json) { json.begin_object().key("name").string(name).end_object(); });
}

void Api::flush(const Request&, const Exchange& exchange) {
  auto store = store_.acquire_wait();
  if (!store) return exchange.respond(503, kText, store.error().message());
  if (!TARSIER_HAS(&**store, compact) || (*store)->compact == nullptr)
    return exchange.respond(501, kText, not_offered("compact on demand").message());
  tarsier_error error = empty_error();
  const auto compacted = Result<void>::from_c((*store)->compact((*store)->self, &error), error);
  if (!compacted) return exchange.respond(500, kText, compacted.error().message());
  exchange.respond(200, kText, "What was in memory is on the disk, and compacted.");
}

}  // namespace tarsier::promql
