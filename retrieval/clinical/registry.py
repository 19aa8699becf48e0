"""Every clinical fact that queries may state and importers fill, with its codes. ``docs/clinical.md`` lists the same.

Ranges are those within which a value can be true at all, not those of health. Codes: LOINC 2.7x, SNOMED CT
International, ICD-10; only codes that state this and nothing else are here.
"""

from collections.abc import Mapping

from scankin.retrieval.clinical.fact import Fact, Kind

_YES_NO = Kind.YES_NO

_ALL = (
    # who
    Fact("age", "age at the scan", unit="years", ucum="a", high=120, loinc=("30525-0",)),
    Fact("sex", "sex as recorded", Kind.SEX),
    Fact("height", "body height", unit="cm", ucum="cm", low=30, high=250, loinc=("8302-2",)),
    Fact("weight", "body weight", unit="kg", ucum="kg", low=0.3, high=400, loinc=("29463-7",)),
    # on arrival
    Fact("symptom_days", "days since the first symptom", unit="days", ucum="d", high=100),
    Fact("spo2", "oxygen saturation", unit="%", ucum="%", low=40, high=100, loinc=("59408-5", "2708-6")),
    Fact("fio2", "inspired oxygen", unit="%", ucum="%", low=21, high=100, loinc=("3150-6", "19994-3")),
    Fact("pao2", "arterial oxygen pressure", unit="kPa", ucum="kPa", low=1, high=90, loinc=("2703-7",)),
    Fact("respiratory_rate", "breaths a minute", unit="/min", ucum="/min", low=2, high=100, loinc=("9279-1",)),
    Fact("heart_rate", "heart beats a minute", unit="/min", ucum="/min", low=15, high=300, loinc=("8867-4",)),
    Fact("temperature", "body temperature", unit="°C", ucum="Cel", low=25, high=45, loinc=("8310-5", "8331-1")),
    Fact("systolic", "systolic pressure", unit="mmHg", ucum="mm[Hg]", low=20, high=350, loinc=("8480-6",)),
    Fact("diastolic", "diastolic pressure", unit="mmHg", ucum="mm[Hg]", low=10, high=250, loinc=("8462-4",)),
    Fact("news2", "National Early Warning Score 2", unit="points", ucum="{score}", high=20),
    # blood
    Fact("white_cells", "leukocytes", unit="10^9/L", ucum="10*9/L", high=1000, loinc=("6690-2", "26464-8")),
    Fact("neutrophils", "neutrophils", unit="10^9/L", ucum="10*9/L", high=1000, loinc=("751-8", "26499-4")),
    Fact("lymphocytes", "lymphocytes", unit="10^9/L", ucum="10*9/L", high=1000, loinc=("731-0", "26474-7")),
    Fact("platelets", "platelets", unit="10^9/L", ucum="10*9/L", high=5000, loinc=("777-3", "26515-7")),
    Fact("crp", "C-reactive protein", unit="mg/L", ucum="mg/L", high=2000, loinc=("1988-5", "30522-7")),
    Fact("d_dimer", "D-dimer, fibrinogen equivalent", unit="mg/L", ucum="mg/L{FEU}", high=1000, loinc=("48065-7",)),
    Fact("fibrinogen", "fibrinogen", unit="g/L", ucum="g/L", high=100, loinc=("3255-7",)),
    Fact("ferritin", "ferritin", unit="µg/L", ucum="ug/L", high=1e6, loinc=("2276-4", "20567-4")),
    Fact("ldh", "lactate dehydrogenase", unit="U/L", ucum="U/L", high=50_000, loinc=("2532-0", "14804-9")),
    Fact("urea", "urea", unit="mmol/L", ucum="mmol/L", high=100, loinc=("22664-7",)),
    Fact(
        "creatinine",
        "creatinine",
        unit="µmol/L",
        ucum="umol/L",
        low=1,
        high=5000,
        loinc=("14682-9", "2160-0"),
        factors={"mg/dL": 88.42, "mmol/L": 1000.0},  # 113.12 g/mol
    ),
    Fact("troponin_i", "troponin I", unit="ng/L", ucum="ng/L", high=1e6, loinc=("89579-7", "10839-9")),
    Fact("troponin_t", "troponin T", unit="ng/L", ucum="ng/L", high=1e6, loinc=("67151-1", "6598-7")),
    # history
    Fact(
        "hypertension",
        "high blood pressure",
        _YES_NO,
        snomed=("38341003", "59621000"),
        icd10=("I10", "I11", "I12", "I13", "I15"),
    ),
    Fact(
        "diabetes",
        "diabetes of either type",
        _YES_NO,
        snomed=("73211009", "44054006", "46635009"),
        icd10=("E10", "E11", "E12", "E13", "E14"),
    ),
    Fact(
        "cardiovascular_disease",
        "heart attack, angina or other coronary disease, or stroke",
        _YES_NO,
        snomed=("22298006", "194828000", "53741008", "414545008", "230690007"),
        icd10=("I20", "I21", "I22", "I23", "I24", "I25", "I60", "I61", "I63", "I64"),
    ),
    Fact(
        "lung_disease",
        "COPD, asthma, fibrosis or another lasting lung disease",
        _YES_NO,
        snomed=("13645005", "195967001", "51615001", "190905008"),
        icd10=("J41", "J42", "J43", "J44", "J45", "J46", "J47", "J84", "E84"),
    ),
    Fact("kidney_disease", "chronic kidney disease", _YES_NO, snomed=("709044004",), icd10=("N18",)),
    Fact("cancer", "malignant disease", _YES_NO, snomed=("363346000",), icd10=("C",)),
    Fact("smoker", "smokes now", _YES_NO, loinc=("72166-2",), snomed=("77176002",), icd10=("F17.2", "Z72.0")),
    Fact("takes_ace_inhibitor", "takes an ACE inhibitor", _YES_NO),
    Fact("takes_receptor_blocker", "takes an angiotensin receptor blocker", _YES_NO),
    Fact("takes_nsaid", "takes a non-steroidal anti-inflammatory drug", _YES_NO),
)

FACTS: Mapping[str, Fact] = {fact.name: fact for fact in _ALL}
"""By name, in the order in which they are shown."""
