// The tables of the fake host. Each finds its FakeHost through tarsier_host.ctx.
#include "tests/unit/plugins/collect/support/fake_host.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "plugins/lib/exposition/number.hpp"
#include "tarsier/batch_builder.hpp"
#include "tarsier/flat_set.hpp"
#include "tests/unit/plugins/collect/support/fake_config.hpp"

namespace tarsier::fake {
namespace {

FakeHost& self(const tarsier_host* host) { return *static_cast<FakeHost*>(host->ctx); }

/// A call that may come from any thread.
class AnyThread {
 public:
  explicit AnyThread(FakeHost& fake) : fake_(fake), guard_(fake.lock) {}
  ~AnyThread() { fake_.changed.notify_all(); }

 private:
  FakeHost& fake_;
  std::lock_guard<std::recursive_mutex> guard_;
};

struct FakeBatch {
  std::vector<uint64_t> words;
  uint64_t size;
  int references = 1;
};
FakeBatch* batch_of(const tarsier_batch* raw) { return reinterpret_cast<FakeBatch*>(const_cast<tarsier_batch*>(raw)); }

void deliver(FakeHost& fake, tarsier_str topic, const tarsier_batch* batch) {
  for (Subscriber& subscriber : fake.subscribers) {
    if (subscriber.ended || subscriber.topic != view(topic)) continue;
    ++subscriber.owed;
    subscriber.spec.on_batch(subscriber.spec.user, batch, reinterpret_cast<tarsier_delivery*>(&subscriber));
  }
}

tarsier_status subscribe(const tarsier_host* host, const tarsier_subscribe_spec* spec, tarsier_subscription** out, tarsier_error*) {
  Subscriber& made = self(host).subscribers.emplace_back();
  made.topic = view(spec->topic);
  made.spec = *spec;
  *out = reinterpret_cast<tarsier_subscription*>(&made);
  return TARSIER_OK;
}

/// Keeps a batch and hands it to subscribers; `stored` is what the store will say. Not OK: the bus refuses it.
tarsier_status take_published(FakeHost& fake, tarsier_str topic, const tarsier_batch* batch, Result<void>& stored,
                              tarsier_error* error) {
  const AnyThread locked(fake);
  if (!fake.publish_answers.empty()) {
    const tarsier_status status = fake.publish_answers.front();
    fake.publish_answers.pop_front();
    if (status != TARSIER_OK) return Error(status, "refused by the test").to_c(error);
  }
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(batch_of(batch)->words.data());
  if (auto verified = batch::verify({bytes, batch_of(batch)->size}); !verified) return verified.to_c(error);
  fake.batches.push_back(batch_of(batch)->words);
  deliver(fake, topic, batch);
  if (fake.store_failures.empty()) return TARSIER_OK;
  stored = fake.store_failures.front();
  fake.store_failures.pop_front();
  return TARSIER_OK;
}

const tarsier_bus kBus = {
    sizeof(tarsier_bus),
    [](const tarsier_host*, uint64_t size, tarsier_error*) {
      return reinterpret_cast<tarsier_batch*>(new FakeBatch{std::vector<uint64_t>((size + 7) / 8), size});
    },
    [](const tarsier_batch* batch, uint64_t* size) {
      *size = batch_of(batch)->size;
      return reinterpret_cast<uint8_t*>(batch_of(batch)->words.data());
    },
    [](const tarsier_batch* batch) { ++batch_of(batch)->references; },
    [](const tarsier_batch* batch) {
      if (--batch_of(batch)->references == 0) delete batch_of(batch);
    },
    [](const tarsier_host* host, tarsier_str topic, const tarsier_batch* batch, uint32_t, tarsier_published_fn published,
       void* user, tarsier_error* error) -> tarsier_status {
      FakeHost& fake = self(host);
      Result<void> stored;
      if (const tarsier_status refused = take_published(fake, topic, batch, stored, error); refused != TARSIER_OK) return refused;
      // Not under the fake's lock: who is told calls the host under a lock of its own.
      if (published != nullptr)
        published(user, stored ? TARSIER_OK : stored.error().code(), str(stored ? std::string_view() : stored.error().message()));
      return TARSIER_OK;
    },
    subscribe,
    [](tarsier_subscription* subscription) { reinterpret_cast<Subscriber*>(subscription)->ended = true; },
    [](tarsier_delivery* delivery, tarsier_status, tarsier_str) { --reinterpret_cast<Subscriber*>(delivery)->owed; },
    [](const tarsier_delivery*) { return uint32_t{0}; }};

const tarsier_clock kClock = {sizeof(tarsier_clock), [](const tarsier_host* host) { return self(host).wall_ns; },
                              [](const tarsier_host* host) { return self(host).mono_ns; }};

const tarsier_log kLog = {
    sizeof(tarsier_log), [](const tarsier_host*, tarsier_log_level) -> int32_t { return 1; },
    [](const tarsier_host* host, tarsier_log_level, tarsier_str message, const tarsier_pair* fields, uint32_t count) {
      const AnyThread locked(self(host));
      std::string line(view(message));
      for (uint32_t i = 0; i < count; ++i) line.append(" ").append(view(fields[i].name)).append("=").append(view(fields[i].value));
      self(host).log.push_back(std::move(line));
    }};

const tarsier_metrics kMetrics = {
    sizeof(tarsier_metrics),
    [](const tarsier_host* host, tarsier_metric_type, tarsier_str name, tarsier_str, const tarsier_pair*, uint32_t, const double*,
       uint32_t, tarsier_error*) { return reinterpret_cast<tarsier_metric*>(&self(host).metrics[std::string(view(name))]); },
    [](tarsier_metric* metric, double value) { *reinterpret_cast<double*>(metric) += value; },
    [](tarsier_metric* metric, double value) { *reinterpret_cast<double*>(metric) = value; }};

tarsier_timer* add_timer(FakeHost& fake, Timer timer) {
  timer.name = view(timer.job.name);
  timer.due_ns = fake.mono_ns + timer.interval_ns;
  return reinterpret_cast<tarsier_timer*>(&fake.timers.emplace_back(std::move(timer)));
}
const tarsier_scheduler kScheduler = {
    sizeof(tarsier_scheduler),
    [](const tarsier_host* host, const tarsier_timer_spec* spec, tarsier_timer** out, tarsier_error*) -> tarsier_status {
      *out = add_timer(self(host), {true, spec->interval_ns, spec->offset_ns, {}, spec->job});
      return TARSIER_OK;
    },
    [](const tarsier_host* host, int64_t delay, const tarsier_job* job, tarsier_timer** out, tarsier_error*) -> tarsier_status {
      tarsier_timer* const timer = add_timer(self(host), {false, delay, 0, {}, *job});
      if (out != nullptr) *out = timer;
      return TARSIER_OK;
    },
    [](tarsier_timer* timer) { reinterpret_cast<Timer*>(timer)->cancelled = true; },
    [](const tarsier_host* host, const tarsier_job* job, tarsier_error*) -> tarsier_status {
      self(host).post(*job);
      return TARSIER_OK;
    },
    nullptr,
    [](const tarsier_host* host, tarsier_str path, void* user, void (*on_event)(void*, tarsier_str, uint32_t), tarsier_watch** out,
       tarsier_error*) -> tarsier_status {
      *out = reinterpret_cast<tarsier_watch*>(&self(host).watches.emplace_back(FileWatch{std::string(view(path)), user, on_event}));
      return TARSIER_OK;
    },
    [](tarsier_watch* watch) { reinterpret_cast<FileWatch*>(watch)->cancelled = true; },
    nullptr,
    nullptr};

void begin_answer(tarsier_exchange* exchange, uint32_t code, const tarsier_pair* headers, uint32_t count) {
  auto& answer = *reinterpret_cast<Answer*>(exchange);
  answer.code = code;
  for (uint32_t i = 0; i < count; ++i) {
    answer.headers.emplace(view(headers[i].name), view(headers[i].value));
    if (view(headers[i].name) == "content-type") answer.content_type = view(headers[i].value);
  }
}

std::map<std::string, std::string> tls_of(const tarsier_tls_options* options) {
  std::map<std::string, std::string> tls;
  if (options == nullptr) return tls;
  const auto add = [&](const char* name, tarsier_str value) {
    if (value.size > 0) tls[name] = view(value);
  };
  add("ca_file", options->ca_file);
  add("cert_file", options->cert_file);
  add("key_file", options->key_file);
  add("server_name", options->server_name);
  add("ca", options->ca);
  add("cert", options->cert);
  add("key", options->key);
  if (options->insecure_skip_verify != 0) tls["insecure_skip_verify"] = "true";
  return tls;
}

tarsier_status begin_call(FakeHost& fake, const tarsier_http_client_request& request, const tarsier_http_pieces* pieces,
                          tarsier_http_done_fn done, void* user, tarsier_http_call** out, tarsier_error* error) {
  if (fake.request_answer != TARSIER_OK) return Error(fake.request_answer, "refused by the test").to_c(error);
  Call call{std::string(view(request.url)),
            {},
            request.timeout_ns,
            request.max_body_bytes,
            request.max_redirects,
            request.flags,
            done,
            user,
            std::string(view(request.body))};
  for (uint32_t i = 0; i < request.header_count; ++i)
    call.headers[std::string(view(request.headers[i].name))] = view(request.headers[i].value);
  if (pieces != nullptr) {
    call.on_piece = pieces->on_piece;
    call.quiet_timeout_ns = pieces->quiet_timeout_ns;
  }
  call.tls = tls_of(request.tls);
  if (request.proxy != nullptr) call.proxy = view(request.proxy->url);
  fake.call_handles.emplace_back(&fake, fake.calls.size());
  if (out != nullptr) *out = reinterpret_cast<tarsier_http_call*>(&fake.call_handles.back());
  fake.calls.push_back(std::move(call));
  return TARSIER_OK;
}

const tarsier_http kHttp = [] {
  tarsier_http http{};
  http.size = sizeof(http);
  http.add_route = [](void*, const tarsier_host* owner, const tarsier_route_spec* spec, tarsier_route**,
                      tarsier_error*) -> tarsier_status {
    self(owner).routes.push_back({std::string(view(spec->api)), std::string(view(spec->pattern)),
                                  std::string(view(spec->permission)), spec->handler, spec->user});
    return TARSIER_OK;
  };
  http.respond = [](tarsier_exchange* exchange, uint32_t code, const tarsier_pair* headers, uint32_t count, tarsier_bytes body) {
    begin_answer(exchange, code, headers, count);
    reinterpret_cast<Answer*>(exchange)->body = view(body);
  };
  http.begin = begin_answer;
  http.write = [](tarsier_exchange* exchange, tarsier_bytes piece) -> tarsier_status {
    reinterpret_cast<Answer*>(exchange)->body += view(piece);
    return TARSIER_OK;
  };
  http.end = [](tarsier_exchange*, int32_t) {};
  http.end_with_trailers = [](tarsier_exchange* exchange, const tarsier_pair* trailers, uint32_t count) {
    auto& answer = *reinterpret_cast<Answer*>(exchange);
    for (uint32_t i = 0; i < count; ++i) answer.trailers.emplace(view(trailers[i].name), view(trailers[i].value));
  };
  http.cancelled = [](tarsier_exchange*) -> int32_t { return 0; };
  http.request = [](void*, const tarsier_host* owner, const tarsier_http_client_request* request, tarsier_http_done_fn done,
                    void* user, tarsier_http_call** out, tarsier_error* error) -> tarsier_status {
    return begin_call(self(owner), *request, nullptr, done, user, out, error);
  };
  http.stream = [](void*, const tarsier_host* owner, const tarsier_http_client_request* request, const tarsier_http_pieces* pieces,
                   tarsier_http_done_fn done, void* user, tarsier_http_call** out, tarsier_error* error) -> tarsier_status {
    return begin_call(self(owner), *request, pieces, done, user, out, error);
  };
  http.cancel = [](void*, tarsier_http_call* call) {
    const auto& [fake, index] = *reinterpret_cast<std::pair<FakeHost*, size_t>*>(call);
    fake->calls[index].cancelled = true;
  };
  return http;
}();

const tarsier_services kServices = [] {
  tarsier_services services{};
  services.size = sizeof(services);
  services.reference = [](const tarsier_host* host, tarsier_str name) {
    const auto [service, is_new] = self(host).offered.try_emplace(std::string(view(name)), &kHttp);
    return reinterpret_cast<tarsier_service_ref*>(&service->second);
  };
  services.acquire = [](tarsier_service_ref* service, tarsier_error*) { return *reinterpret_cast<const void**>(service); };
  services.acquire_wait = services.acquire;
  services.release = [](tarsier_service_ref*) {};
  services.providers = [](const tarsier_host* host, tarsier_str name, void* user, void (*each)(void*, tarsier_str)) {
    for (const std::string& instance : self(host).providers[std::string(view(name))]) each(user, str(instance));
  };
  services.name = [](const tarsier_host*) { return str("test"); };
  return services;
}();

void set_health(const tarsier_host* host, tarsier_str text) {
  const AnyThread locked(self(host));
  self(host).health = view(text);
}
const tarsier_health kHealth = {sizeof(tarsier_health), [](const tarsier_host* host) { set_health(host, str("ok")); }, set_health,
                                set_health};
const tarsier_control kControl = [] {
  tarsier_control control{};
  control.size = sizeof(control);
  control.ready = [](const tarsier_host* host) { return self(host).ready; };
  control.build_json = [](const tarsier_host* host, tarsier_sink out) { out.write(out.user, bytes(self(host).build_json)); };
  control.config_toml = [](const tarsier_host* host, tarsier_sink out) { out.write(out.user, bytes(self(host).config_toml)); };
  return control;
}();
const tarsier_storage kStorage = [] {
  tarsier_storage storage{};
  storage.size = sizeof(storage);
  return storage;
}();

const void* find_service(const tarsier_host* host, const char* name) {
  const std::map<std::string_view, const void*> kTables = {
      {TARSIER_BUS_SERVICE, &kBus},
      {TARSIER_CLOCK_SERVICE, &kClock},
      {TARSIER_LOG_SERVICE, &kLog},
      {TARSIER_METRICS_SERVICE, &kMetrics},
      {TARSIER_SCHEDULER_SERVICE, &kScheduler},
      {TARSIER_SERVICES_SERVICE, &kServices},
      {TARSIER_HEALTH_SERVICE, &kHealth},
      {TARSIER_CONTROL_SERVICE, &kControl},
      {TARSIER_STORAGE_SERVICE, self(host).storage != nullptr ? self(host).storage : &kStorage},
      {TARSIER_CONFIG_SERVICE, config_api()},
  };
  const auto found = kTables.find(name);
  return found == kTables.end() ? nullptr : found->second;
}

}  // namespace

FakeHost::FakeHost() { raw_ = {sizeof(raw_), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, this, find_service}; }

batch::View FakeHost::batch(size_t index) const {
  const batch::View head({reinterpret_cast<const uint8_t*>(batches[index].data()), sizeof(tarsier_batch_head)});
  return batch::View({reinterpret_cast<const uint8_t*>(batches[index].data()), static_cast<size_t>(head.head().size)});
}

static std::vector<batch::Label> labels_of(const batch::SamplesView& samples, uint32_t series) {
  std::vector<batch::Label> labels;
  if (samples.has_flat_sets()) {
    if (auto decoded = decode_flat_set(samples.flat_set(series), labels); !decoded) labels = {{"__name__", "undecodable"}};
    return labels;
  }
  for (uint32_t i = 0; i < samples.labels().size(series); ++i)
    labels.emplace_back(samples.labels().name(series, i), samples.labels().value(series, i));
  return labels;
}

std::string FakeHost::batch_text(size_t index) const {
  const batch::SamplesView samples(batch(index));
  std::vector<std::string> lines;
  for (uint32_t series = 0; series < samples.series_count(); ++series) {
    std::string name, labels;
    for (const auto& [label, value] : labels_of(samples, series)) {
      if (label == "__name__")
        name = value;
      else
        labels.append(labels.empty() ? "" : ",").append(label).append("=").append(value);
    }
    for (size_t row = 0; row < samples.times(series).size(); ++row) {
      std::string line = name;
      line.append("{").append(labels).append("} ");
      const double value = samples.values(series)[row];
      if (std::bit_cast<uint64_t>(value) == TARSIER_STALE_NAN_BITS)
        line += "stale";
      else
        exposition::append_number(line, value);
      line.append(" @").append(std::to_string(samples.times(series)[row] / 1'000'000));
      if (const auto starts = samples.starts(series); !starts.empty() && starts[row] != 0)
        line.append(" since ").append(std::to_string(starts[row] / 1'000'000));
      lines.push_back(std::move(line));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  return text;
}

void FakeHost::fire_timers() {
  const size_t count = timers.size();
  for (size_t i = 0; i < count; ++i) {
    if (timers[i].cancelled) continue;
    if (!timers[i].periodic) timers[i].cancelled = true;
    timers[i].job.run(timers[i].job.user);
  }
}

void FakeHost::fire_due_timers() {
  const size_t count = timers.size();
  for (size_t i = 0; i < count; ++i) {
    if (timers[i].cancelled || timers[i].due_ns > mono_ns) continue;
    if (!timers[i].periodic) timers[i].cancelled = true;
    timers[i].due_ns += timers[i].interval_ns;
    timers[i].job.run(timers[i].job.user);
  }
}

void FakeHost::post(const tarsier_job& job) {
  const std::lock_guard guard(jobs_mutex_);
  jobs_.push_back(job);
}

void FakeHost::run_jobs() {
  while (true) {
    tarsier_job job;
    {
      const std::lock_guard guard(jobs_mutex_);
      if (jobs_.empty()) return;
      job = jobs_.front();
      jobs_.pop_front();
    }
    job.run(job.user);
  }
}

void FakeHost::touch(std::string_view path) {
  for (size_t i = 0; i < watches.size(); ++i)
    if (watches[i].path == path && !watches[i].cancelled) watches[i].on_event(watches[i].user, str(path), TARSIER_WATCH_CHANGED);
}

void FakeHost::answer(size_t call, uint32_t code, std::string_view content_type, std::string_view body) {
  answer(call, code, {{"content-type", std::string(content_type)}}, body);
}

void FakeHost::answer(size_t call, uint32_t code, const std::map<std::string, std::string>& headers, std::string_view body) {
  std::vector<tarsier_pair> pairs;
  for (const auto& [name, value] : headers) pairs.push_back({str(name), str(value)});
  tarsier_http_client_response response{};
  response.size = sizeof(response);
  response.code = code;
  response.headers = pairs.data();
  response.header_count = static_cast<uint32_t>(pairs.size());
  response.body = bytes(body);
  response.duration_ns = answer_duration_ns;
  calls[call].done(calls[call].user, TARSIER_OK, str(""), &response);
}

void FakeHost::fail(size_t call, tarsier_status status, std::string_view message) {
  calls[call].done(calls[call].user, status, str(message), nullptr);
}

tarsier_status FakeHost::piece(size_t call, uint32_t code, std::string_view piece) {
  tarsier_http_client_response head{};
  head.size = sizeof(head);
  head.code = code;
  head.body = bytes("");
  const tarsier_status status = calls[call].on_piece(calls[call].user, &head, bytes(piece));
  if (status != TARSIER_OK) fail(call, status, "the answer was not taken to its end");
  return status;
}

Answer FakeHost::call(std::string_view pattern, tarsier_http_request request,
                      const std::map<std::string, std::string>& headers) const {
  std::vector<tarsier_pair> pairs;
  for (const auto& [name, value] : headers) pairs.push_back({str(name), str(value)});
  request.size = sizeof(request);
  request.version = 20;
  request.path = str(pattern);
  request.headers = pairs.data();
  request.header_count = static_cast<uint32_t>(pairs.size());
  Answer answer;
  for (const Route& route : routes) {
    if (route.pattern != pattern) continue;
    const std::string prefix = "/" + route.api;
    request.prefix = str(prefix);
    route.handler(route.user, &request, reinterpret_cast<tarsier_exchange*>(&answer));
  }
  return answer;
}

Answer FakeHost::ask(std::string_view pattern, std::string_view query, const std::map<std::string, std::string>& headers) const {
  tarsier_http_request request{};
  request.method = TARSIER_HTTP_GET;
  request.query = str(query);
  return call(pattern, request, headers);
}

Answer FakeHost::post(std::string_view pattern, const std::map<std::string, std::string>& headers, std::string_view body) const {
  tarsier_http_request request{};
  request.method = TARSIER_HTTP_POST;
  request.body = bytes(body);
  return call(pattern, request, headers);
}

}  // namespace tarsier::fake
