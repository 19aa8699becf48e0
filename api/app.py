"""The HTTP service: ``create_app(settings)`` builds it, importing this module creates nothing."""

import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
import structlog
from anyio import CapacityLimiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from scankin.api.engine import Options, report_on
from scankin.api.explanations import explainer_of, picture_of
from scankin.api.further import others_of
from scankin.api.problems import TITLES, problem, problem_of
from scankin.api.queries import FIELDS, options_of
from scankin.api.renderers import renderer_for, renderers
from scankin.api.serving import LiveIndex
from scankin.api.settings import Settings
from scankin.api.times import days_of_files
from scankin.api.uploads import one, read_upload
from scankin.retrieval.course.films import MOST_EARLIER
from scankin.retrieval.errors import InvalidRequest, ScankinError
from scankin.retrieval.reading import Limits, ReadingPool, ReadRequest
from scankin.retrieval.report import NOTICE, SimilarityReport
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.version import IndexVersion

MIB = 1024 * 1024

_EXPLAIN_FIELDS = {"scan": "Key of an indexed film, such as a report names."}

log = structlog.get_logger("scankin.http")


class Service:
    """What the routes share: settings, the live index, the reading pool, and how much may run and wait at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.live = LiveIndex(settings.index, settings.weights, settings.device, settings.poll_seconds, settings.engine)
        self.pool = ReadingPool(settings.workers, Limits(seconds=settings.read_seconds))
        self.limiter: CapacityLimiter | None = None
        self._waiting = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Return whether one more request may run or wait; the caller then owes ``leave``."""
        with self._lock:
            if self._waiting >= self.settings.workers + self.settings.queue:
                return False
            self._waiting += 1
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._waiting -= 1

    def similar(
        self, files: Sequence[bytes], days: Sequence[int | None], options: Options
    ) -> tuple[SimilarityReport, str]:
        """Return the report on an upload, and how long reading and the rest took, as a Server-Timing value.

        Args:
            files: The query, and further scans of its patient.
            days: Of the further scans.
            options: How the query is answered.
        """
        retriever = self.live.retriever()
        began = time.perf_counter()
        scan = self.pool.read(ReadRequest(data=files[0], slices=retriever.encoder.slices))
        requests = [ReadRequest(data=data, slices=retriever.encoder.slices) for data in files[1:]]
        others = others_of(self.pool, requests, days)
        read = time.perf_counter()
        report = report_on(retriever, scan, options, others)
        answered = time.perf_counter()
        return report, f"read;dur={1000 * (read - began):.1f}, answer;dur={1000 * (answered - read):.1f}"

    def explain(self, data: bytes, key: str) -> bytes:
        """Return the PNG that explains the similarity of an upload and one indexed film."""
        retriever = self.live.retriever()
        explainer = explainer_of(retriever)
        scan = self.pool.read(ReadRequest(data=data, slices=retriever.encoder.slices))
        (explanation,) = explainer.explain(scan, [key])
        return picture_of(retriever, scan, explanation)


def create_app(settings: Settings) -> FastAPI:
    """Return the service for these settings; its index is loaded when it starts."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.limiter = CapacityLimiter(settings.workers)
        await anyio.to_thread.run_sync(service.live.start)
        yield
        await anyio.to_thread.run_sync(service.live.stop)
        service.pool.close()

    app = FastAPI(title="Scankin", version="1", summary=NOTICE, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.middleware("http")(_logged)
    _add_errors(app)
    _add_query(app, service)
    _add_cases(app, service)
    _add_state(app, service)
    return app


def _add_query(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/similar",
        openapi_extra=_body(FIELDS, "One DICOM file, or a zip; further ones are scans of the same patient."),
        responses=_problems(413, 415, 422, 503),
    )
    async def similar(request: Request) -> Response:
        """Return the patients most similar to an uploaded scan: one DICOM file, or a zip of one CT series.

        Further files are scans of the same patient, each with a field `day`.
        """
        renderer = renderer_for(request.headers.get("accept", "*/*"))
        if renderer is None:
            return problem(406, "not_acceptable", f"Accept none of the formats: {', '.join(renderers())}.")
        if not service.enter():
            return _busy()
        try:
            most = 1 + MOST_EARLIER
            files, fields = await read_upload(request, service.settings.max_upload_mib * MIB, most)
            options, days = options_of(fields), days_of_files(fields, len(files) - 1)
            answered = partial(service.similar, files, days, options)
            report, timing = await anyio.to_thread.run_sync(answered, limiter=service.limiter)
        finally:
            service.leave()
        return Response(renderer.render(report), media_type=renderer.MEDIA_TYPE, headers={"Server-Timing": timing})

    @app.post(
        "/v1/explain",
        openapi_extra=_body(_EXPLAIN_FIELDS),
        responses=_problems(404, 413, 415, 422, 503),
        response_class=Response,
    )
    async def explain(request: Request) -> Response:
        """Return a PNG: where the similarity of an uploaded film and one indexed film comes from."""
        if not service.enter():
            return _busy()
        try:
            (data,), fields = await read_upload(request, service.settings.max_upload_mib * MIB)
            key = one(fields, "scan")
            if set(fields) != {"scan"} or key is None:
                raise InvalidRequest("One field is needed beside the file: scan, the key of a neighbour.")
            png = await anyio.to_thread.run_sync(service.explain, data, key, limiter=service.limiter)
        finally:
            service.leave()
        return Response(png, media_type="image/png")


def _add_cases(app: FastAPI, service: Service) -> None:
    @app.get("/v1/cases/{key}", responses=_problems(404, 503))
    def case(key: str) -> JSONResponse:
        """Return what is known of one indexed scan and its patient, by the scan's key."""
        version = service.live.retriever().version
        record = version.record(key)
        return JSONResponse(
            {
                "scan": record.scan,
                "patient": record.patient,
                "modality": record.modality.value,
                "view": record.view and record.view.value,
                "age_band": record.age_band,
                "sex": record.sex and record.sex.value,
                "site": record.site,
                "collection": record.collection,
                "days_since_admission": record.days_since_admission,
                "findings": {name: state.value for name, state in version.findings_of(record).items()},
                "outcomes": {name: state.value for name, state in version.outcomes_of(record).items()},
                "measures": dict(record.measures),
                "index": {"version": version.name, "manifest": version.manifest_hash},
                "notice": NOTICE,
            }
        )

    @app.get("/v1/cases/{key}/image", responses=_problems(404, 503), response_class=Response)
    def image(key: str) -> Response:
        """Return the thumbnail of one indexed scan: PNG, 256 x 256, grey."""
        return Response(service.live.retriever().version.thumbnails.png(key), media_type="image/png")


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/v1/index", responses=_problems(503))
    def index() -> JSONResponse:
        """Return which index answers: version, encoder, counts, and base rates."""
        return JSONResponse(_index_facts(service.live.retriever()))

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Return that the process is alive."""
        return {"status": "alive"}

    @app.get("/readyz", responses=_problems(503))
    def readyz() -> dict[str, str | None]:
        """Return that an index is loaded; a warning when a newer version could not be."""
        version = service.live.retriever().version
        return {"status": "ready", "version": version.name, "warning": service.live.warning}


def _index_facts(retriever: Retriever) -> dict[str, Any]:
    version: IndexVersion = retriever.version
    return {
        "version": version.name,
        "created": version.created,
        "manifest": version.manifest_hash,
        "encoder": vars(version.encoder),
        "counts": {
            modality.value: {"scans": len(held), "patients": len({record.patient for record in held.records})}
            for modality, held in version.indexes.items()
        },
        "base_rates": {
            modality.value: {
                "findings": {name: vars(rate) for name, rate in version.finding_base_rates[modality].items()},
                "outcomes": {name: vars(rate) for name, rate in version.outcome_base_rates[modality].items()},
            }
            for modality in version.indexes
        },
        "notice": NOTICE,
    }


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ScankinError)
    async def on_scankin_error(_: Request, error: ScankinError) -> JSONResponse:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def on_validation_error(_: Request, __: RequestValidationError) -> JSONResponse:
        return problem(422, "invalid_request", "A parameter is missing or malformed. See /openapi.json.")

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "unknown_route", 405: "method_not_allowed"}
        detail = TITLES.get(error.status_code, "Error") + ". See /openapi.json."
        return problem(error.status_code, codes.get(error.status_code, "http_error"), detail, error.headers)


async def _logged(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Log a request by its route, never by its path, query or body; name it, and keep answers out of caches."""
    name = uuid.uuid4().hex
    began = time.perf_counter()
    try:
        response = await call_next(request)
    except Exception as error:  # noqa: BLE001 (the last resort: told by its type, since its text may hold header values)
        log.error("unexpected error", request=name, error=type(error).__name__)
        response = problem(500, "internal", "An unexpected error; it is in the service's log.")
    route = getattr(request.scope.get("route"), "path", "unknown")
    log.info(
        "request",
        request=name,
        method=request.method,
        route=route,
        status=response.status_code,
        milliseconds=round(1000 * (time.perf_counter() - began), 1),
    )
    response.headers["X-Request-ID"] = name
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _busy() -> JSONResponse:
    return problem(503, "busy", "Too many requests are waiting. Try again soon.", {"Retry-After": "2"})


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "required": ["type", "title", "status", "detail", "code"]}
    return {
        status: {"description": TITLES[status], "content": {"application/problem+json": {"schema": schema}}}
        for status in statuses
    }


def _body(fields: Mapping[str, str], file: str = "One DICOM file, or a zip.") -> dict[str, Any]:
    properties = {
        "file": {"type": "string", "format": "binary", "description": file},
        **{name: {"type": "string", "description": text} for name, text in fields.items()},
    }
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
