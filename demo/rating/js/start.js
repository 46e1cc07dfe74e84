// What runs when the component is loaded: element and props are Gradio's.
new SurveyPage(element.querySelector(".ns"), props.text);
