// The client's half of "tarsier.http/1".
#pragma once

#include "tarsier/service/http.h"

namespace tarsier::net {

tarsier_status begin_call(void* self, const tarsier_host* owner, const tarsier_http_client_request* request,
                          tarsier_http_done_fn done, void* user, tarsier_http_call** out, tarsier_error* error);
tarsier_status begin_stream(void* self, const tarsier_host* owner, const tarsier_http_client_request* request,
                            const tarsier_http_pieces* pieces, tarsier_http_done_fn done, void* user, tarsier_http_call** out,
                            tarsier_error* error);
void cancel_call(void* self, tarsier_http_call* call);

}  // namespace tarsier::net
